"""The ledger of claims: verdicts by source, every claim in a row, its counter-examples, and what decides it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import pandas as pd

from ndcore import models
from ndreport.evidence.claims import Case, Claim, Decision, Outcome
from ndreport.evidence.claims.claim import SOURCES
from ndreport.evidence.claims.evidence import Counted, Evidence, Folded
from ndreport.material import Material
from ndreport.pages.networks import counts
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, escape, notice, table
from ndreport.rendering.links import SOURCES_PAGE
from ndreport.rendering.prose import Prose, count, listing, prose
from ndreport.rendering.stated import unless_missing
from ndreport.rendering.values import Value, judgement, missing, word

KINDS = {Outcome.HOLDS: "good", Outcome.IN_PART: "partial", Outcome.FAILS: "bad", Outcome.OPEN: "open"}
"""How an outcome is shown."""
ERROR = "error"
CENTRAL = {
    "re-summary-better-after-20-epochs": "asked of the test accuracies in the study's own logs",
    "re-summary-better-after-100-epochs": "asked of test accuracies after the longest training",
    "re-always-better": "asked of every pair of printed values",
    "re-nd-always-slower": "and that its training takes longer in every setting",
}
"""The claims about the one statement of both papers, and what the page calls them."""
CLASSES = 10
IMAGES = 4
LEDGER_FILE = "../runs/published/README.html#claims-yaml"


def show(number: object) -> str:
    """ "1,234", "−3.11", "0.0042"; words as they are."""
    if not isinstance(number, (int, float)):
        return str(number)
    if isinstance(number, int) or number == int(number):
        text = f"{int(number):,}"
    else:
        text = f"{number:,.2f}" if abs(number) >= 0.01 else f"{number:.2g}"
    return text.replace("-", "−")


def shown(values: Mapping[str, object]) -> str:
    """ "pairs 66; ND higher 58"."""
    return "; ".join(f"{name} {show(value)}" for name, value in values.items())


def who(sources: Sequence[str]) -> str:
    """ "Obadage et al., arXiv 2024, ReScience C 2025": authors of several sources are named once."""
    names = [SOURCES[key] for key in sources]
    authors = names[0].partition(", ")[0]
    return ", ".join([names[0], *(name.removeprefix(f"{authors}, ") for name in names[1:])])


def row_id(decision: Decision) -> str:
    """HTML id of a claim's row."""
    return f"claim-{decision.claim.id}"


def cases_id(decision: Decision) -> str:
    """HTML id of a claim's counter-examples."""
    return f"against-{decision.claim.id}"


def numbers(decisions: Sequence[Decision], material: Material) -> dict[str, object]:
    """What the sentences about the ledger name. A claim whose predicate ended in an error has no outcome."""
    outcomes = Counter(_outcome(d) for d in decisions)
    return {
        "statements": len(decisions),
        "holds": outcomes[Outcome.HOLDS],
        "in_part": outcomes[Outcome.IN_PART],
        "fails": outcomes[Outcome.FAILS],
        "open": outcomes[Outcome.OPEN],
        "counterexamples": sum(len(d.verdict.counterexamples) for d in decisions if d.verdict),
    }


def _outcome(decision: Decision) -> str:
    return str(decision.verdict.outcome) if decision.verdict else ERROR


@unless_missing
def central_claims(decisions: Sequence[Decision]) -> Prose:
    """The verdicts on what both papers are about, a line each."""
    known = {d.claim.id: d.verdict for d in decisions if d.verdict}
    lines = [
        f"- {what}: **{known[ident].outcome}** ({shown(known[ident].numbers)}); {_link(ident)}"
        for ident, what in CENTRAL.items()
        if ident in known
    ]
    return prose("\n".join(lines))


@unless_missing
def open_claims(decisions: Sequence[Decision]) -> Prose:
    """Which claims cannot be decided, and what would decide them, a line each."""
    undecided = [d for d in decisions if d.verdict and d.verdict.outcome is Outcome.OPEN]
    lines = [f"- {_link(d.claim.id)} would need {d.verdict.missing}" for d in undecided]
    return prose("\n".join(lines) or "Nothing: every statement could be decided.")


def _link(ident: str) -> str:
    return f'<a href="#claim-{ident}">{ident}</a>'


def counts_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per source and one for all claims: how many have which outcome. A claim counts for all its sources."""
    made = {key: [d for d in decisions if key in d.claim.source] for key in SOURCES}
    rows = [(SOURCES[key], Counter(map(_outcome, its))) for key, its in made.items() if its]
    rows += [("all claims, each once", Counter(map(_outcome, decisions)))] * bool(decisions)
    outcomes = [*map(str, Outcome), *([ERROR] if any(d.error for d in decisions) else [])]
    cells = {outcome: lambda row, outcome=outcome: row[1][outcome] for outcome in outcomes}
    cells["claims"] = lambda row: row[1].total()
    columns = [Column(name, key, note="counted from the ledger below", link=LEDGER_FILE) for name, key in cells.items()]
    return view(rows, columns, lambda row: row[0])


def counts_table(decisions: Sequence[Decision]) -> Html:
    """Verdicts by source, as HTML."""
    caption = "Verdicts by source; a statement that several sources make counts for each of them."
    return table(counts_view(decisions), caption, "claims-by-source", "Source")


def _verdict(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing(ERROR, decision.error, LEDGER_FILE)
    outcome, claim = decision.verdict.outcome, decision.claim
    parameters = "; ".join(f"{name} {value}" for name, value in claim.parameters.items()) or "no parameters"
    note = f"predicate {claim.predicate} ({parameters}) on {_data(claim)}"
    if decision.verdict.missing:
        note = f"missing: {decision.verdict.missing}; {note}"
    return judgement(KINDS[outcome], str(outcome), note, LEDGER_FILE)


def _numbers(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    return word(shown(decision.verdict.numbers) or "none", f"computed from {_data(decision.claim)}", SOURCES_PAGE)


def _data(claim: Claim) -> str:
    return listing(claim.data) if claim.data else "the statement alone"


def _against(decision: Decision) -> Value:
    if decision.verdict is None:
        return missing("none", "the predicate ended in an error", LEDGER_FILE)
    number = len(decision.verdict.counterexamples)
    if not number:
        return Value("0", "no counter-example", "", 0)
    return Value(str(number), "all of them stand below the table", f"#{cases_id(decision)}", number)


COLUMNS = (
    Column("verdict", _verdict),  # first, so that a phone shows it beside the claim
    Column("statement", lambda decision: decision.claim.statement),
    Column("numbers", _numbers),
    Column("against it", _against),
    Column("who", lambda decision: who(decision.claim.source)),
    Column("where", lambda decision: decision.claim.where),
    Column("read as", lambda decision: decision.claim.reading or "it stands"),
)
"""Of the ledger: who says what where, the verdict, the numbers behind it, and how many counter-examples."""


def ledger_view(decisions: Sequence[Decision]) -> pd.DataFrame:
    """One row per claim."""
    return view(decisions, COLUMNS, lambda decision: decision.claim.id)


def ledger_table(decisions: Sequence[Decision]) -> Html:
    """Every claim, searchable, to be filtered by verdict and source, each row with its own address."""
    caption = "Every claim with its verdict. A value in the column “against it” leads to the counter-examples."
    ids = [row_id(decision) for decision in decisions]
    options = {"searchable": True, "filters": ["verdict", "who"], "sortable": True, "row_ids": ids, "words": True}
    return table(ledger_view(decisions), caption, "ledger-of-claims", "Claim", **options)


def counterexamples(decisions: Sequence[Decision]) -> Html:
    """All counter-examples, one disclosure per claim that has any."""
    parts = [_disclosure(d, d.verdict.counterexamples) for d in decisions if d.verdict and d.verdict.counterexamples]
    return Html("\n".join(parts) or '<p class="nd-empty">No claim has a counter-example.</p>')


def _disclosure(decision: Decision, cases: Sequence[Case]) -> str:
    claim, ident = decision.claim, escape(cases_id(decision))
    items = "".join(f"<li>{escape(_sentence(case))}</li>" for case in cases)
    back = f'<a href="#{escape(row_id(decision))}">Back to the claim</a>'
    return (
        f'<details class="nd-cases" id="{ident}"><summary><code>{escape(claim.id)}</code>: '
        f"{escape(count(len(cases), 'counter-example'))}</summary>\n"
        f"<p>{escape(claim.statement)} {back}</p>\n<ul>{items}</ul></details>"
    )


def _sentence(case: Case) -> str:
    return f"{case.place}: {shown(case.values)}" if case.values else case.place


def error_notice(decisions: Sequence[Decision]) -> Html:
    """A box that names every claim without a verdict because its predicate failed; empty if there is none."""
    items = [f"{d.claim.id}: {d.error}" for d in decisions if d.error]
    return notice("danger", "Claims without a verdict: their predicate ended in an error", items)


def evidence_of(material: Material) -> Evidence:
    """Published values, the networks of `ndcore.models` as they are built, and the newest benchmark."""
    operations = {cost.name: cost.flops for cost in material.bench.costs if cost.flops}
    return Evidence(material.published, count=counted, fold=folded, operations=operations)


@cache
def counted(name: str, norm: str) -> Counted:
    """Parameters and layers of a network. Imports torch."""
    found = counts(name, norm)
    return Counted(found.parameters, found.layers)


@cache
def folded(name: str) -> Folded:
    """A network with ND, its statistics those of one batch of noise, before and after folding. Imports torch."""
    import torch  # noqa: PLC0415 - only this claim needs it

    from ndcore.layers import ChannelDeconv, Delinear, FastDeconv  # noqa: PLC0415
    from ndcore.surgery.folding import fold  # noqa: PLC0415

    normalising = (FastDeconv, Delinear, ChannelDeconv, torch.nn.modules.batchnorm._BatchNorm)
    size = (IMAGES, *models.describe(name).input_size)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = models.create(name, "nd", CLASSES)
        model(torch.randn(size))
        small, images = fold(model), torch.randn(size)
        expected, got = model.eval()(images), small(images)
    left = sum(isinstance(module, normalising) for module in small.modules())
    return Folded(left, float((got - expected).abs().max() / expected.abs().max()))
