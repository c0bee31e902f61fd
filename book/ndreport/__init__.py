"""What the pages of the book show: published values beside our own records, as tables, figures and sentences.

The notebooks in `book/` call these functions and hold the narrative; all logic is here and has tests. Nothing in this
package imports torch.
"""
