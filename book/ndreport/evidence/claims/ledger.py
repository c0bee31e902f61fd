"""The ledger of claims: read from `runs/published/claims.yaml`, and every claim decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ndcore import foreign
from ndcore.errors import UserError
from ndcore.problems import Problem
from ndreport.evidence.claims.claim import Claim
from ndreport.evidence.claims.evidence import Evidence
from ndreport.evidence.claims.registry import known
from ndreport.evidence.claims.verdict import Verdict
from ndreport.evidence.csv_files import or_problem
from ndreport.evidence.yaml_files import read_yaml

FILE = "claims.yaml"


@dataclass(frozen=True)
class Decision:
    """A claim with the verdict on each of its bases, or with the error that its predicate ended in there."""

    claim: Claim
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict | None:
        """The one that the claim is counted by: on the first basis on which it can be asked. None after an error."""
        return self.verdicts.get(next(iter(self.claim.asked)))

    @property
    def error(self) -> str:
        """What went wrong there, or ""."""
        return self.errors.get(next(iter(self.claim.asked)), "")


def read(path: Path) -> list[Claim]:
    """The claims of a file, in its order.

    Raises:
        UserError: the file is missing, is no YAML, or holds a claim that is malformed, unknown or there twice.
    """
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise UserError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise UserError(f"{path} is not a list of claims")
    claims: dict[str, Claim] = {}
    for number, entry in enumerate(content, start=1):
        try:
            claim = foreign.validated(Claim, entry)
        except ValueError as error:
            raise UserError(f"{path} claim {entry.get('id', f'number {number}')}: {error}") from None
        if claim.id in claims:
            raise UserError(f"{path} claim {claim.id}: this id is there twice")
        claims[claim.id] = claim
    return list(claims.values())


def load(folder: Path) -> tuple[list[Claim], list[Problem]]:
    """The claims in `runs/published/`; none, and the reason, if the file is missing or damaged. Never raises for that.

    Args:
        folder: `runs/published/`.
    """
    return or_problem(lambda folder: read(folder / FILE), folder, FILE, [])


def decide(claim: Claim, evidence: Evidence) -> Decision:
    """The verdicts on a claim; an error, not a verdict, where its predicate raises or what it needs is not there."""
    verdicts, errors = {}, {}
    for basis, parameters in claim.asked.items():
        try:
            verdicts[basis] = known()[claim.predicate](evidence, parameters, basis)
        except UserError as error:
            errors[basis] = str(error)
        except Exception as error:  # whatever a predicate raises is shown, and hides no other claim
            errors[basis] = f"predicate {claim.predicate} raised {type(error).__name__}: {error}"
    return Decision(claim, verdicts, errors)


def decide_all(claims: Iterable[Claim], evidence: Evidence) -> list[Decision]:
    """The verdicts on every claim, in their order."""
    return [decide(claim, evidence) for claim in claims]


def problems(decisions: Iterable[Decision]) -> list[Problem]:
    """The claims that ended in an error, each error once."""
    found = [(d.claim.id, error) for d in decisions for error in dict.fromkeys(d.errors.values())]
    return [Problem(f"published/{FILE}", f"claim {ident}: {error}") for ident, error in found]
