"""The study in one page: the question, the answer, the figures that matter."""
