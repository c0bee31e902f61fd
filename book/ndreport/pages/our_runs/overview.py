"""Our own runs in tables: all records, paired differences, machines; and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ndcore.experiment.records import RunRecord
from ndcore.study import DATASETS, NORM_LABELS
from ndreport.evidence.runs import Difference, own_options
from ndreport.material import Material
from ndreport.pages.our_runs.provenance import commit, flags, seconds
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.links import RUNS_PAGE, anchors, link
from ndreport.rendering.prose import Prose, count, listing, points, prose
from ndreport.rendering.values import Value, decimal, missing, word

ACCURACIES = ("test, final epoch (%)", "test, best epoch (%)", "running training (%)")


def _data(record: RunRecord) -> str:
    return DATASETS.get(record.config.dataset, record.config.dataset)


def _name(record: RunRecord) -> str:
    failed = " (failed)" if record.failure else ""
    return f"{record.config.arch} {NORM_LABELS[record.config.norm]}, {_data(record)}{failed}"


def about_records(material: Material) -> Prose:
    """How many records there are, of what, and how many failed."""
    if not material.records:
        return prose("There is no record in `runs/` yet. `ndcore run` makes one.")
    names, networks = sorted(set(map(_data, material.records))), len({r.config.arch for r in material.records})
    return prose(
        f"{count(len(material.records), 'record')}: {count(networks, 'network')} on {listing(names)}; "
        f"{len(material.complete)} complete, {count(len(material.failed), 'failed run')}."
    )


def runs_view(records: Sequence[RunRecord], links: Sequence[str]) -> pd.DataFrame:
    """Every record in one row: configuration, accuracies in percent, time, machine.

    Args:
        records: in their order.
        links: addresses of their sections.
    """
    rows = [_run_row(record, link) for record, link in zip(records, links, strict=True)]
    return pd.DataFrame(rows, index=pd.Index(map(_name, records)))


def runs_table(records: Sequence[RunRecord], links: Sequence[str]) -> Html:
    """The records of a page in a table that can be searched, filtered and sorted."""
    caption = "The records of this page; accuracies are top-1 in percent."
    filters = ("network", "data", "norm")
    return table(runs_view(records, links), caption, "all-runs", "Run", searchable=True, filters=filters, sortable=True)


def _run_row(record: RunRecord, link: str) -> dict[str, Value]:
    config, note = record.config, f"record {record.run_id}"
    return {
        "network": word(config.arch),
        "data": word(_data(record)),
        "norm": word(NORM_LABELS[config.norm]),
        "epochs": Value(str(config.epochs), "", "", config.epochs),
        "seed, repeat": word(f"{config.seed}, {config.repeat}"),
        **dict(zip(ACCURACIES, _accuracies(record, note, link), strict=True)),
        "time (s)": decimal(sum(seconds(record)), f"{note}: data + train + evaluate", link, 1),
        "images/s": decimal(record.epochs[-1].images_per_second, f"{note}, last epoch, training", link, 0)
        if record.epochs
        else missing("none", f"{note}: no epoch was finished", link),
        "device": word(record.environment.device_name),
        "record": word(_short(record), f"record {record.run_id}: provenance and command", link),
    }


def _short(record: RunRecord) -> str:
    """The digest of the configuration, and what in it leaves the recipe: "1a2b3c4d, block 16"."""
    options = (f"{name.replace('_', ' ')} {value}" for name, value in own_options(record.config).items())
    return ", ".join([record.run_id.rpartition("-")[2], *options])


def _accuracies(record: RunRecord, note: str, link: str) -> list[Value]:
    if record.failure:
        return [missing("failed", f"{note}: {record.failure.kind}: {record.failure.message}", link)] * len(ACCURACIES)
    final, best = record.final_epoch, record.best_epoch
    return [
        decimal(final.test_top1, f"{note}, {final.chosen_by}", link),
        decimal(best.test_top1, f"{note}, epoch {best.epoch}, {best.chosen_by}", link),
        decimal(record.epochs[-1].running_train.top1, f"{note}, last epoch", link),
    ]


def differences_table(pairs: Sequence[Difference]) -> Html:
    """ND minus BN of our own paired runs."""
    caption = "ND − BN of our own runs, in percentage points of top-1 accuracy in the last epoch."
    return table(differences_view(pairs), caption, "differences", "Network, data")


def differences_view(pairs: Sequence[Difference]) -> pd.DataFrame:
    """ND minus BN of our own paired runs, in percentage points."""
    return view(pairs, DIFFERENCES, lambda pair: f"{pair.nd.config.arch}, {_data(pair.nd)}")


def _test_difference(pair: Difference) -> Value:
    note = f"{pair.nd.run_id} minus {pair.bn.run_id}; ± one standard error from drawing the test images, paired"
    return Value(f"{points(pair.test)} ± {pair.test_standard_error:.2f}", note, link(pair.nd), pair.test)


def _running_difference(pair: Difference) -> Value:
    note = f"{pair.nd.run_id} minus {pair.bn.run_id}"
    return Value(points(pair.running_train), note, link(pair.nd), pair.running_train)


DIFFERENCES = (
    Column("epochs", lambda pair: pair.nd.config.epochs),
    Column("seed", lambda pair: pair.nd.config.seed),
    Column("BN test (%)", lambda pair: decimal(pair.bn.final_epoch.test_top1, pair.bn.run_id, link(pair.bn))),
    Column("ND test (%)", lambda pair: decimal(pair.nd.final_epoch.test_top1, pair.nd.run_id, link(pair.nd))),
    Column("ND − BN, test", _test_difference),
    Column(
        "ND − BN, running training",
        "running_train",
        None,
        "{nd.run_id} minus {bn.run_id}",
        lambda p: link(p.nd),
        points,
    ),
)


ENVIRONMENTS = (
    Column("CPU", lambda r: f"{r.environment.cpu}, {r.environment.cores} cores, {r.environment.threads} threads"),
    Column("platform", lambda r: r.environment.platform),
    Column("Python", lambda r: r.environment.python),
    Column("torch", lambda r: r.environment.packages.get("torch", "not recorded")),
    Column("precision", lambda r: r.environment.precision),
    Column("deterministic flags", lambda r: flags(r.environment.deterministic)),
    Column("code", lambda r: commit(r.code.git_commit, r.code.git_dirty)),
)


def environments_view(records: Sequence[RunRecord]) -> pd.DataFrame:
    """The machine, versions and flags of every record."""
    places = {record.digest: anchor for record, anchor in zip(records, anchors(records), strict=True)}

    def device(record: RunRecord) -> Value:
        name = f"{record.environment.device_name} ({record.environment.device})"
        return word(name, f"record {record.run_id}", f"{RUNS_PAGE}#{places[record.digest]}")

    return view(records, (Column("device", device), *ENVIRONMENTS), _name)


def environments_table(records: Sequence[RunRecord]) -> Html:
    """The same as HTML."""
    caption = "Environment of every record."
    return table(environments_view(records), caption, "environments", "Run", searchable=True, sortable=True)
