"""What made a record: command, notebook, code, data, machine, time; as facts beside its curves."""

from __future__ import annotations

from ndcore.experiment.records import RunRecord
from ndcore.training.conditions import changes
from ndreport.evidence.runs import own_options
from ndreport.pages.our_runs.curves import curves, describe
from ndreport.rendering.html import Html, code, command, escape, facts, notice
from ndreport.rendering.links import RECORDS
from ndreport.rendering.prose import count, percent


def commit(git_commit: str | None, git_dirty: bool | None) -> str:
    """The code's git commit and whether tracked files differed from it."""
    if git_commit is None:
        return "not known (no git checkout)"
    state = {True: "with uncommitted changes", False: "clean", None: "state not known"}[git_dirty]
    return f"{git_commit[:12]}, {state}"


def seconds(record: RunRecord) -> tuple[float, float, float]:
    """Wall-clock seconds of all epochs: data, train, evaluate."""
    spent = [e.seconds for e in record.epochs]
    return sum(s.data for s in spent), sum(s.train for s in spent), sum(s.evaluate for s in spent)


def seconds_in_words(record: RunRecord) -> str:
    """The seconds and the share of the data pipeline in a training step."""
    data, train, evaluate = seconds(record)
    share = f" (data {percent(100 * data / (data + train), 1)} of a training step)" if data + train else ""
    return f"data {data:.1f} s, train {train:.1f} s, evaluate {evaluate:.1f} s{share}"


def headline_facts(record: RunRecord) -> list[tuple[str, str]]:
    """The command, the results and the time of a run."""
    rows: list[tuple[str, str]] = [("Command", command(record.code.command))]
    if record.status == "complete":
        rows += [
            ("Final epoch", _choice(record.final_epoch)),
            ("Best epoch", _choice(record.best_epoch)),
            ("Running training", f"top-1 {percent(record.epochs[-1].running_train.top1)} in the last epoch"),
        ]
    if record.failure:
        rows.append(("Failure", f"{record.failure.kind}: {record.failure.message}"))
    if record.epochs:
        rate = sum(e.images_per_second for e in record.epochs) / len(record.epochs)
        rows += [("Time", seconds_in_words(record)), ("Speed", f"{rate:,.0f} training images per second")]
    return rows


def provenance_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Everything else that is needed to judge and to repeat a run."""
    environment = record.environment
    rows: list[tuple[str, str]] = []
    if record.data:
        fingerprint = "; ".join(f"{split} {digest}" for split, digest in sorted(record.data.fingerprint.items()))
        images = f"{record.data.train_images:,} training and {record.data.test_images:,} test images"
        rows += [("Data", f"{images} from {record.data.source}"), ("Data fingerprint (SHA-256)", code(fingerprint))]
    rows += [
        ("Peak memory", f"{record.peak_memory_bytes / 2**20:,.0f} MiB, {record.peak_memory_of}"),
        ("Sessions", _sessions(record)),
        ("Configuration", code(record.config.canonical_json())),
        ("Notebook", Html(f"{code(record.code.notebook)} SHA-256 {code(record.code.notebook_sha256)}")),
        ("Code", Html(f"commit {escape(commit(record.code.git_commit, record.code.git_dirty))}")),
        ("Source (SHA-256)", code(record.code.source_sha256)),
        ("Machine", f"{environment.device_name} ({environment.device}), {environment.threads} threads"),
        ("CPU", f"{environment.cpu}, {count(environment.cores, 'core')}; {environment.platform}"),
        ("Precision", f"{environment.precision}; {flags(environment.deterministic)}"),
        ("Python and packages", f"{environment.python}; {packages(environment.packages)}"),
    ]
    if record.model:
        rows.append(("Model", f"{count(record.model.parameters, 'parameter')}, weights {record.model.weights_sha256}"))
    return [*rows, ("Record digest (SHA-256)", code(record.digest)), ("Finished", record.finished_utc)]


def _choice(choice) -> str:
    accuracies = f"test top-1 {percent(choice.test_top1)}, top-5 {percent(choice.test_top5)}"
    return f"{accuracies}, epoch {choice.epoch} ({choice.chosen_by})"


def _sessions(record: RunRecord) -> str:
    if len(record.sessions) < 2:
        return "one, uninterrupted"
    resumed = f"{len(record.sessions)}: the run was interrupted and resumed"
    if changed := changes(record.sessions):
        return f"{resumed}; {'; '.join(changed)}; machine, code and packages below are those of the last"
    if any(session.conditions is None for session in record.sessions):
        return f"{resumed}; whether under the same conditions is not recorded"
    return f"{resumed}, always under the same conditions"


def flags(values: dict[str, bool]) -> str:
    """ "cudnn_benchmark off, deterministic_algorithms on"."""
    return ", ".join(f"{name} {'on' if value else 'off'}" for name, value in sorted(values.items())) or "no flags"


def packages(values: dict[str, str]) -> str:
    """ "numpy 2.4, torch 2.14"."""
    return ", ".join(f"{name} {version}" for name, version in sorted(values.items()))


def title(record: RunRecord) -> str:
    """ "resnet18d, ND, CIFAR-10, 1 epoch, seed 0, repeat 1, block 16 (failed)"."""
    config = record.config
    parts = [describe(record), f"seed {config.seed}", *([f"repeat {config.repeat}"] if config.repeat else [])]
    parts += [f"{name} {value}" for name, value in own_options(config).items()]
    return f"{', '.join(parts)}{' (failed)' if record.failure else ''}"


def section(record: RunRecord, anchor: str) -> Html:
    """One record: title, results, curves of more than one epoch, provenance, and the record itself as a file."""
    failed = ""
    if record.failure:
        where = f" in epoch {record.failure.epoch}" if record.failure.epoch is not None else ""
        failed = notice("danger", f"This run failed{where}", [f"{record.failure.kind}: {record.failure.message}"])
    drawn = curves(record, f"{anchor}-curves") if len(record.epochs) > 1 else ""
    permalink = f'<a class="headerlink" href="#{anchor}" title="Link to this run">#</a>'
    return Html(
        f'<section class="nd-record" id="{anchor}" aria-labelledby="{anchor}-title">\n'
        f'<h3 id="{anchor}-title">{escape(title(record))} {permalink}</h3>\n{failed}{drawn}\n'
        f"{facts(headline_facts(record), 'Results')}\n"
        f"<details><summary>Configuration, data, code and machine of this run</summary>\n"
        f"{facts(provenance_facts(record), 'Provenance')}\n</details>\n"
        f'<p class="nd-after"><a class="nd-download" download href="{RECORDS}/{record_file(anchor)}">'
        "Save this record (JSON)</a></p>\n</section>"
    )


def record_file(anchor: str) -> str:
    """The name of a record's file in the built book."""
    return f"{anchor.removeprefix('run-')}.json"
