"""The ablation as a table, and every one of its records with command and provenance."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.experiment.ablation import FACTORS, Factor, plan
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import RunRecord
from ndreport.evidence.runs import paired_standard_error
from ndreport.pages.ablation.runs import Ablation, label, seconds, top1
from ndreport.pages.our_runs.provenance import headline_facts, provenance_facts
from ndreport.rendering.html import Html, download, escape, facts, table
from ndreport.rendering.links import anchors
from ndreport.rendering.prose import points
from ndreport.rendering.values import NOT_RUN, Value, decimal, missing, word

TEST, RUNNING = "test (%)", "running training (%)"
DIFFERENCE = "minus default (points)"
SECONDS, RATIO = "training (s)", "time / default"
RUN = "run"
CAPTION = (
    "Ablation: top-1 accuracy of the last epoch and training time, one factor at a time around the default. "
    "Minus default: against the default with the same seed, ± one standard error from drawing the test images, paired."
)


def ablation_view(ablation: Ablation, factors: Sequence[Factor] = FACTORS) -> pd.DataFrame:
    """One row per run of the plan: accuracies in percent, difference in percentage points, seconds, time ratio."""
    configs = plan(ablation.budget, factors)
    return pd.DataFrame(
        [_row(ablation, config) for config in configs], index=pd.Index([label(config) for config in configs])
    )


def _row(ablation: Ablation, config: RunConfig) -> dict[str, Value]:
    record = ablation.complete.get(config)
    if record is None:
        return dict.fromkeys((TEST, DIFFERENCE, RUNNING, SECONDS, RATIO), _nothing(ablation, config)) | {
            RUN: word(config.run_id, config.command())
        }
    note, link = f"record {config.run_id}: {config.command()}", f"#run-{config.run_id}"
    return {
        TEST: decimal(top1(record), note, link),
        DIFFERENCE: _difference(ablation, record, link),
        RUNNING: decimal(record.epochs[-1].running_train.top1, f"{note}; while the weights move", link),
        SECONDS: decimal(seconds(record), f"{note}; forward, backward and optimiser steps", link, 1),
        RATIO: _ratio(ablation, record, link),
        RUN: word(config.run_id, config.command(), link),
    }


def _nothing(ablation: Ablation, config: RunConfig) -> Value:
    failed = ablation.failed.get(config)
    if failed is None:
        return missing(NOT_RUN, "no record; to run it:", "", config.command())
    return missing("failed", f"{failed.failure.kind}: {failed.failure.message}", f"#run-{config.run_id}-failed-1")


def _difference(ablation: Ablation, record: RunRecord, link: str) -> Value:
    default, gain = ablation.default_of(record), ablation.gain(record)
    if default is None:
        return missing("not comparable", f"no record of the default with seed {record.config.seed} and these images")
    if default is record:
        return word("default", "what the others are compared with", link)
    text = f"{points(gain)} ± {paired_standard_error(record, default):.2f}"
    return Value(text, f"{record.run_id} minus {default.run_id}", link, gain)


def _ratio(ablation: Ablation, record: RunRecord, link: str) -> Value:
    ratio = ablation.time_ratio(record)
    if ratio is None:
        return missing("not comparable", "no record of the default from the same machine", link)
    count = len(ablation.across_seeds("nd"))
    return decimal(ratio, f"{seconds(record):.1f} s of {record.run_id} over the mean of the default's {count}", link)


def ablation_table(ablation: Ablation, factors: Sequence[Factor] = FACTORS) -> Html:
    """The table of an ablation."""
    return table(ablation_view(ablation, factors), CAPTION, "ablation", "Run")


def record_sections(ablation: Ablation) -> Html:
    """Every record of an ablation: results, command, provenance, and the record itself as a file."""
    records = ablation.records
    return Html("\n".join(_section(r, a) for r, a in zip(records, anchors(records), strict=True)))


def _section(record: RunRecord, anchor: str) -> Html:
    title = label(record.config) + (" (failed)" if record.failure else "")
    saved = download(
        record.to_json(), f"{anchor.removeprefix('run-')}.json", "application/json", "Save this record (JSON)"
    )
    return Html(
        f'<details class="nd-record" id="{anchor}"><summary>{escape(title)}</summary>\n'
        f"{facts(headline_facts(record), f'Results of {record.run_id}')}\n"
        f"{facts(provenance_facts(record), f'Provenance of {record.run_id}')}\n"
        f'<p class="nd-after">{saved}</p>\n</details>'
    )
