"""The findings as sections of a page: statement, evidence, source, the cheap runs that test it and what they gave."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import runs_folder
from ndcore.experiment.records import RunRecord, scan
from ndcore.problems import Problem
from ndreport.evidence.sources import with_commits
from ndreport.material import Material
from ndreport.pages.code_and_data.counted import NUMBERS
from ndreport.pages.code_and_data.ledger import EFFECTS, THEMES, Finding
from ndreport.pages.code_and_data.ledger import load as load_findings
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, command, escape, table
from ndreport.rendering.links import cited, link
from ndreport.rendering.prose import Prose, count, listing, percent, prose
from ndreport.rendering.stated import NOTHING
from ndreport.rendering.values import GLYPHS, NOT_RUN, Value, judgement, missing, word

KINDS = {"proven": "good", "suggested": "partial", "open": "open"}
"""What each strength looks like; the keys of `ndreport.rendering.values.GLYPHS`."""


@dataclass(frozen=True)
class Findings:
    """The findings, and every record that may hold a test of one."""

    material: Material
    findings: list[Finding]
    ablation: list[RunRecord]
    """Records of the ablation, which are shown on its own page."""
    problem: Problem | None

    def record_of(self, config: RunConfig) -> RunRecord | None:
        """The complete record of a configuration, if there is one."""
        found = (r for r in (*self.material.complete, *self.ablation) if r.status == "complete" and r.config == config)
        return next(found, None)

    def problem_notice(self) -> Html:
        """A box that names every file that could not be used; empty if there is none."""
        problems = [*self.material.problems, *([self.problem] if self.problem else [])]
        return replace(self.material, problems=problems).problem_notice()


def load(material: Material, runs: Path | None = None) -> Findings:
    """Read `findings.yaml` and the records of the ablation beside the material of the page."""
    folder = runs or runs_folder()
    findings, problems = load_findings(folder / "published")
    return Findings(material, findings, scan(folder / "ablation")[0], problems[0] if problems else None)


def sections(found: Findings, theme: str) -> Html:
    """The findings of one theme, one after the other."""
    return Html("\n".join(_section(found, finding) for finding in found.findings if finding.theme == theme))


def _section(found: Findings, finding: Finding) -> str:
    kind = KINDS[finding.strength]
    strength = f'<span class="nd-{kind}"><span aria-hidden="true">{GLYPHS[kind]} </span>{finding.strength}</span>'
    permalink = f'<a class="headerlink" href="#{finding.id}" title="Link to this finding">#</a>'
    evidence = evidence_of(found.material, finding)
    counted = f"<p>{_inline(evidence)}</p>\n" if evidence else ""
    return (
        f'<section class="nd-finding" id="{escape(finding.id)}" aria-labelledby="{escape(finding.id)}-title">\n'
        f'<h3 id="{escape(finding.id)}-title">{escape(finding.title)} {permalink}</h3>\n'
        f"<p><strong>{strength}.</strong> {_inline(finding.statement)}</p>\n{counted}"
        f"<p>It {EFFECTS[finding.effect]}. {_inline(finding.consequence)}</p>\n"
        f"<p>Source: {cited(finding.source)}.</p>\n{_tests(found, finding)}</section>"
    )


def _inline(text: str) -> str:
    """Text of a sentence as HTML; names in backquotes become code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def evidence_of(material: Material, finding: Finding) -> str:
    """The evidence with its numbers, "" if there is nothing to compute.

    Raises:
        Exception: the numbers cannot be computed, although no file of the page is damaged.
    """
    try:
        values = NUMBERS[finding.id](material) if finding.evidence else {}
        text = finding.evidence.format_map(values)
    except Exception:
        if not material.problems:
            raise
        return NOTHING
    unknown = material.problems and {"nan", "none", ""} & set(map(str, values.values()))
    return NOTHING if unknown else text


def _tests(found: Findings, finding: Finding) -> str:
    if not finding.tests:
        return f"<p>No cheap test: {escape(finding.no_test)}.</p>\n"
    rows = "\n".join(f"<li>{_result(found, config)}: {command(config.command())}</li>" for config in finding.tests)
    return f"<p>What tests it, and what it gave here:</p>\n<ul>\n{rows}\n</ul>\n"


def _result(found: Findings, config: RunConfig) -> str:
    record = found.record_of(config)
    if record is None:
        return f"<em>{NOT_RUN}</em>"
    test, running = record.final_epoch.test_top1, record.epochs[-1].running_train.top1
    text = f"{percent(test)} on the test set, {percent(running)} running training"
    address = f"ablation.html#run-{record.run_id}" if record in found.ablation else link(record)
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def overview_table(found: Findings) -> Html:
    """All findings in a table that can be searched, those that change most first."""
    caption = (
        "Findings about code and data: what they change, what follows, how sure they are, and how many of their cheap "
        "tests were run here."
    )
    columns = (
        Column("effect", lambda finding: EFFECTS[finding.effect]),
        Column("what follows", "consequence"),
        Column("about", lambda finding: THEMES[finding.theme]),
        Column("strength", _strength),
        Column("tested here", partial(_tested, found)),
    )
    ranked = sorted(found.findings, key=lambda finding: list(EFFECTS).index(finding.effect))
    cells, filters = view(ranked, columns, "{title}"), ("effect", "about", "strength")
    return table(cells, caption, "findings", "Finding", searchable=True, filters=filters, words=True)


def _strength(finding: Finding) -> Value:
    return judgement(KINDS[finding.strength], finding.strength, with_commits(finding.source), f"#{finding.id}")


def _tested(found: Findings, finding: Finding) -> Value:
    if not finding.tests:
        return missing("no cheap test", finding.no_test, f"#{finding.id}")
    ran = sum(found.record_of(config) is not None for config in finding.tests)
    if not ran:
        return missing(NOT_RUN, "none of its tests has a record", f"#{finding.id}")
    return word(f"{ran} of {len(finding.tests)}", "tests with a record in runs/", f"#{finding.id}")


def about_findings(found: Findings) -> Prose:
    """How many findings there are, how sure, and how many were tested."""
    findings = found.findings
    if not findings:
        return NOTHING
    strengths = Counter(finding.strength for finding in findings)
    testable = [f for f in findings if f.tests]
    tested = [f for f in testable if any(found.record_of(config) for config in f.tests)]
    sure = listing(f"{strengths[name]} {name}" for name in KINDS if strengths[name])
    effects = Counter(finding.effect for finding in findings)
    changed = listing(f"{effects[name]} {_plural(name, effects[name])}" for name in EFFECTS if effects[name])
    return prose(
        f"{count(len(findings), 'finding')}: {sure}. Of these {changed}. {len(testable)} can be tested with a cheap "
        f"run; for {len(tested) or 'none'} of these at least one such run has a record here."
    )


def _plural(effect: str, number: int) -> str:
    """ "change a conclusion", or with an s for one."""
    verb, _, rest = EFFECTS[effect].partition(" ")
    return f"{verb if number == 1 else verb.removesuffix('s')} {rest}"
