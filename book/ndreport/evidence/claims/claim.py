"""One statement of the ledger, as `runs/published/claims.yaml` holds it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from ndcore.errors import unknown_name
from ndreport.evidence.claims.bases import BASES, KINDS
from ndreport.evidence.claims.evidence import DATA
from ndreport.evidence.claims.registry import known

SOURCES = {
    "original": "Ye et al., ICLR 2020",
    "original-repository": "Ye et al., repository",
    "re-2024": "Obadage et al., arXiv 2024",
    "re-2025": "Obadage et al., ReScience C 2025",
    "re-summary": "Obadage et al., summary",
    "re-repository": "Obadage et al., repository",
    "machine-summary": "machine-made summary",
}
"""Who says it: keys in the file, and in words."""
MOST_WORDS = 25
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Claim(BaseModel):
    """A checkable statement and how it is decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    source: Annotated[tuple[str, ...], Field(min_length=1)]
    """Keys of `SOURCES`."""
    where: Text
    """Section, table or file of the source."""
    statement: Text
    """In our own words, at most `MOST_WORDS` of them."""
    reading: str = ""
    """How a statement that leaves room is read here; "" if it leaves none."""
    predicate: str
    parameters: dict[str, Any] = {}
    data: tuple[str, ...] = ()
    """Names of `DATA`: what the predicate looks at."""
    tested_on: dict[str, dict[str, Any] | Text] = {}
    """For some of `BASES` where the predicate's own answer does not fit: parameters that are others there, or why the
    claim cannot be asked there."""

    @property
    def asked(self) -> dict[str, dict[str, Any]]:
        """The bases on which it is decided, each with the parameters, in the order of `BASES`."""
        others = {basis: self.tested_on.get(basis, {}) for basis in BASES if basis not in self.not_asked}
        return {basis: self.parameters | changed for basis, changed in others.items()}

    @property
    def not_asked(self) -> dict[str, str]:
        """Why it is not decided on the other bases."""
        here = {basis: why for basis, why in self.tested_on.items() if isinstance(why, str)}
        kind = {
            basis: why for basis, why in KINDS[known()[self.predicate].about].items() if basis not in self.tested_on
        }
        return kind | here

    @field_validator("source", "data")
    @classmethod
    def _known_names(cls, names: tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        what, allowed = {"source": ("source", SOURCES), "data": ("file", DATA)}[field.field_name]
        for name in names:
            if name not in allowed:
                raise ValueError(unknown_name(what, name, allowed))
        return names

    @field_validator("statement")
    @classmethod
    def _short(cls, statement: str) -> str:
        words = len(statement.split())
        if words > MOST_WORDS:
            raise ValueError(f"the statement has {words} words; at most {MOST_WORDS} are allowed")
        return statement

    @model_validator(mode="after")
    def _decidable(self) -> Self:
        chosen = known().get(self.predicate)
        if chosen is None:
            raise ValueError(unknown_name("predicate", self.predicate, known()))
        for basis in self.tested_on:
            if basis not in BASES:
                raise ValueError(unknown_name("basis", basis, BASES))
        if not self.asked:
            raise ValueError("the claim is not tested on any values")
        for parameters in self.asked.values():
            if complaint := chosen.complaint(parameters):
                raise ValueError(f"predicate {self.predicate} cannot take its parameters: {complaint}")
        if set(self.data) != chosen.reads:
            needs, says = (", ".join(names) or "nothing" for names in (sorted(chosen.reads), self.data))
            raise ValueError(f"predicate {self.predicate} looks at {needs}; data says {says}")
        return self
