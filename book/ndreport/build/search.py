"""A search that finds numbers: "99.86" is one word of the index, and so is "360"."""

from __future__ import annotations

import re

from sphinx.search.en import SearchEnglish

WITHIN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
WORD = re.compile(r"\w+")


class SearchWithNumbers(SearchEnglish):
    """English, with decimal numbers kept together; Sphinx would look up neither part of "99.86"."""

    # the same as `split`, for what a reader types: digits alone would be left out of a search
    js_splitter_code = r"""
var splitQuery = (query) => query
    .replace(/(?<=\d)[.,](?=\d)/g, "_")
    .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
    .filter((term) => term)
    .map((term) => /^\d+$/.test(term) ? `_${term}` : term);
"""

    def split(self, input: str) -> list[str]:
        """The words of a text, numbers as the browser writes them: "99_86", "_360"."""
        words = WORD.findall(WITHIN_NUMBER.sub("_", input))
        return [f"_{word}" if word.isdecimal() else word for word in words]
