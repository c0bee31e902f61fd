"""A classifier that one can read: a list of phrases. It learns nothing, so it can be tested on every label there is.

The phrases were written down from the definitions of the classes before any context was labelled. A context that a
negative phrase fits is negative, else one that a positive phrase fits is positive, every other one is neutral.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ndcore.errors import UserError
from ndreport.citations.contexts import Context, Key, write_csv
from ndreport.evidence.citation_counts import LABELS
from ndreport.evidence.csv_files import read_cells

FILE = "baseline.csv"
COLUMNS = ("paper_id", "context", "label", "rule")
NO_RULE = "no phrase"


@dataclass(frozen=True)
class Rule:
    """A kind of phrase and what it is taken for."""

    name: str
    label: str
    phrase: str
    """A regular expression; capitals and small letters are the same."""

    def fits(self, text: str) -> bool:
        return re.search(self.phrase, text, re.IGNORECASE) is not None


RULES = (
    Rule(
        "cannot be reproduced",
        "negative",
        r"\b(?:could not|couldn't|cannot|can't|unable to|fail(?:s|ed)? to|hard to|difficult to)\b[^.;]{0,30}"
        r"\b(?:reproduc|replicat|re-?implement)|\b(?:ir|non-?|not )reproducible",
    ),
    Rule(
        "code or data missing",
        "negative",
        r"\b(?:code|data|dataset|data set|implementation|weights)\b[^.;]{0,30}"
        r"\b(?:not|never|no longer) (?:been )?(?:publicly )?(?:available|released|public|provided|shared)",
    ),
    Rule("inspired by it", "positive", r"\b(?:inspired by|inspiration from|motivated by|draw(?:s|ing|n)? on)\b"),
    Rule(
        "builds on it",
        "positive",
        r"\b(?:builds? (?:up)?on|built (?:up)?on|building (?:up)?on|extend(?:s|ed|ing)? (?:the|their|this)|"
        r"adapted from|borrow(?:s|ed|ing)?)\b",
    ),
    Rule(
        "we use it",
        "positive",
        r"\b(?:we|our (?:method|model|network|approach)) (?:also |further |then |here |instead )?"
        r"(?:uses?|adopts?|appl(?:y|ies)|employs?|utili[sz]es?|follows?|extends?|adapts?|integrates?|incorporates?)\b",
    ),
    Rule(
        "uses its code or data",
        "positive",
        r"\b(?:using|use|used|with|from|on) (?:the|their|its)\b[^.;]{0,30}"
        r"\b(?:code|codebase|implementation|repository|pre-?trained|data ?sets?)\b",
    ),
    Rule(
        "reproduces it",
        "positive",
        r"\b(?:we|was|were|successfully) (?:re-?produced?|re-?implement(?:ed)?|replicated?)\b",
    ),
)
"""In the order in which they are tried."""


@dataclass(frozen=True)
class Guess:
    """What the phrases say about a context, and which one decided."""

    label: str
    rule: str


def classify(text: str) -> Guess:
    """The class of a context."""
    return next((Guess(rule.label, rule.name) for rule in RULES if rule.fits(text)), Guess("neutral", NO_RULE))


def guesses(contexts: Iterable[Context]) -> dict[Key, Guess]:
    """The class of every context."""
    return {context.key: classify(context.text) for context in contexts}


def write_guesses(path: Path, found: Mapping[Key, Guess]) -> None:
    """Write what the phrases say, without texts, so that it can be compared where the texts are not.

    Raises:
        UserError: the file cannot be written.
    """
    write_csv(path, COLUMNS, [(*key, found[key].label, found[key].rule) for key in sorted(found)])


def read_guesses(path: Path) -> dict[Key, Guess]:
    """What `write_guesses` wrote.

    Raises:
        UserError: the file is missing, has other columns, or an unknown label.
    """
    found = {}
    for line, row in enumerate(read_cells(path, COLUMNS).itertuples(index=False), start=2):
        if row.label not in LABELS:
            raise UserError(f"{path} line {line}: label {row.label!r} is not one of {', '.join(LABELS)}")
        found[str(row.paper_id), str(row.context)] = Guess(str(row.label), str(row.rule))
    return found
