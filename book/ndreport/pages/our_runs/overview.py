"""Tables about our own runs: all records, paired differences, machines."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS, NORM_LABELS
from ndreport.evidence.runs import Difference
from ndreport.pages.our_runs.provenance import commit, flags, seconds
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, anchors
from ndreport.rendering.prose import points
from ndreport.rendering.values import Value, decimal, missing, word


def _frame(rows: list[dict[str, Value]], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=pd.Index(names))


def _name(record: RunRecord) -> str:
    config = record.config
    name = f"{config.arch} {NORM_LABELS[config.norm]}, {DATASETS.get(config.dataset, config.dataset)}"
    return f"{name} (failed)" if record.status == "failed" else name


def runs_view(records: Sequence[RunRecord]) -> pd.DataFrame:
    """Every record in one row: configuration, accuracies in percent, time, machine."""
    names = anchors(records)
    rows = [_run_row(r, f"{RUNS_PAGE}#{a}") for r, a in zip(records, names, strict=True)]
    return _frame(rows, [_name(r) for r in records])


def runs_table(records: Sequence[RunRecord]) -> Html:
    """All records in a table that can be searched, filtered and sorted."""
    caption = "All records; accuracies are top-1 in percent."
    filters = ("network", "data", "norm") if records else ()
    return table(runs_view(records), caption, "all-runs", "Run", searchable=True, filters=filters, sortable=True)


def _run_row(record: RunRecord, link: str) -> dict[str, Value]:
    config, note = record.config, f"record {record.run_id}"
    if record.status == "complete":
        final, best = record.final_epoch, record.best_epoch
        accuracies = {
            "test, final epoch (%)": decimal(final.test_top1, f"{note}, {final.chosen_by}", link),
            "test, best epoch (%)": decimal(best.test_top1, f"{note}, epoch {best.epoch}, {best.chosen_by}", link),
            "running training (%)": decimal(record.epochs[-1].running_train.top1, f"{note}, last epoch", link),
        }
    else:
        reason = f"{note}: {record.failure.kind}: {record.failure.message}"
        columns = ("test, final epoch (%)", "test, best epoch (%)", "running training (%)")
        accuracies = {column: missing("failed", reason, link) for column in columns}
    spent = sum(seconds(record))
    speed = record.epochs[-1].images_per_second if record.epochs else None
    return {
        "network": word(config.arch),
        "data": word(DATASETS.get(config.dataset, config.dataset)),
        "norm": word(NORM_LABELS[config.norm]),
        "epochs": Value(str(config.epochs), "", "", config.epochs),
        "seed, repeat": word(f"{config.seed}, {config.repeat}"),
        **accuracies,
        "time (s)": decimal(spent, f"{note}: data + train + evaluate", link, 1),
        "images/s": missing("none", f"{note}: no epoch was finished", link)
        if speed is None
        else decimal(speed, f"{note}, last epoch, training", link, 0),
        "device": word(record.environment.device_name),
        "run": word(record.run_id, "the record with curves, provenance and command", link),
    }


def differences_view(pairs: Sequence[Difference]) -> pd.DataFrame:
    """ND minus BN of our own paired runs, in percentage points."""
    rows = []
    for pair in pairs:
        config, link = pair.nd.config, f"{RUNS_PAGE}#run-{pair.nd.run_id}"
        bn_link = f"{RUNS_PAGE}#run-{pair.bn.run_id}"
        note = f"{pair.nd.run_id} minus {pair.bn.run_id}"
        error = f"{note}; ± one standard error from drawing the test images, paired"
        rows.append(
            {
                "epochs": Value(str(config.epochs), "", "", config.epochs),
                "seed": Value(str(config.seed), "", "", config.seed),
                "BN test (%)": decimal(pair.bn.final_epoch.test_top1, pair.bn.run_id, bn_link),
                "ND test (%)": decimal(pair.nd.final_epoch.test_top1, pair.nd.run_id, link),
                "ND − BN, test": Value(f"{points(pair.test)} ± {pair.test_standard_error:.2f}", error, link, pair.test),
                "ND − BN, running training": Value(points(pair.running_train), note, link, pair.running_train),
            }
        )
    return _frame(
        rows, [f"{p.nd.config.arch}, {DATASETS.get(p.nd.config.dataset, p.nd.config.dataset)}" for p in pairs]
    )


def environments_view(records: Sequence[RunRecord]) -> pd.DataFrame:
    """The machine, versions and flags of every record."""
    rows = []
    for record, anchor in zip(records, anchors(records), strict=True):
        e, link = record.environment, f"{RUNS_PAGE}#{anchor}"
        note = f"record {record.run_id}"
        rows.append(
            {
                "device": word(f"{e.device_name} ({e.device})", note, link),
                "CPU": word(f"{e.cpu}, {e.cores} cores, {e.threads} threads"),
                "platform": word(e.platform),
                "Python": word(e.python),
                "torch": word(e.packages.get("torch", "not recorded")),
                "precision": word(e.precision),
                "deterministic flags": word(flags(e.deterministic)),
                "code": word(commit(record.code.git_commit, record.code.git_dirty)),
            }
        )
    return _frame(rows, [_name(r) for r in records])
