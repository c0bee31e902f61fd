"""`runs/published/findings.yaml`: what was found in code and data, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from ndcore import foreign
from ndcore.experiment.config import RunConfig
from ndcore.problems import Problem
from ndreport.evidence.sources import with_commits
from ndreport.evidence.yaml_files import read_yaml

FILE = "findings.yaml"
THEMES = {"networks": "Networks", "layers": "Layers", "training": "Training and selection"}
EFFECTS = {
    "conclusion": "changes a conclusion",
    "numbers": "changes printed numbers only",
    "oddity": "explains an oddity",
    "none": "changes nothing",
}
"""What a finding does to what the papers say: keys in the file, the weightiest first, and in words."""


class Finding(BaseModel):
    """One finding: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Also the anchor on the page, and what the numbers of the evidence are computed under."""
    theme: Literal["networks", "layers", "training"]
    title: str
    strength: Literal["proven", "suggested", "open"]
    effect: Literal["conclusion", "numbers", "oddity", "none"]
    consequence: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    """What follows from it, in a sentence without results."""
    statement: str
    """In our words, without results."""
    evidence: str = ""
    """What was counted or measured; names of computed numbers stand in braces."""
    source: str
    """Where it can be looked up, with public files as `ndreport.evidence.sources` names them."""
    tests: tuple[RunConfig, ...] = ()
    """The cheapest runs that would tell."""
    no_test: str = ""
    """Why there is none."""

    @model_validator(mode="before")
    @classmethod
    def _parsed(cls, values: Any) -> Any:
        tests = values.get("tests", ()) if isinstance(values, dict) else ()
        return values if not tests else values | {"tests": tuple(RunConfig(**test) for test in tests)}

    @model_validator(mode="after")
    def _tested_or_explained(self) -> Self:
        if bool(self.tests) == bool(self.no_test):
            raise ValueError(f"{self.id}: needs either tests or a reason why there is none")
        with_commits(self.source)
        return self


def load(folder: Path) -> tuple[list[Finding], list[Problem]]:
    """All findings; none, and the reason, if the file is missing or damaged. Never raises for that.

    Args:
        folder: `runs/published/`.
    """
    try:
        return _read(folder / FILE), []
    except ValueError as error:
        return [], [Problem(f"published/{FILE}", f"cannot be used: {error}")]


@foreign.refusing
def _read(path: Path) -> list[Finding]:
    findings = [foreign.validated(Finding, entry) for entry in read_yaml(path)]
    names = [finding.id for finding in findings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)}: an id that is there twice")
    return findings
