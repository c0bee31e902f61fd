"""`ndcore citations`: how papers cite the original study, in five steps."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ndcore.errors import UserError
from ndcore.experiment.folders import citations_folder

SUMMARY = "fetch, label and compare how papers cite the original study"
INTERRUPTED = "every page and every label that was answered is kept; the same command goes on"
KEY_VARIABLE = "S2_API_KEY"
LABELS_HELP = "name of a person, or path of a label file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Files lie in citations/ in $NDCORE_RUNS or runs/. The texts stay in its cache/, which git ignores; label "
        "files name contexts by paper and digest and are meant to be committed."
    )
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)

    def step(name: str, execute: Callable[[argparse.Namespace], None], summary: str) -> argparse.ArgumentParser:
        found = steps.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        found.set_defaults(execute_step=execute)
        return found

    fetch = step("fetch", _fetch, "get the citing papers and the contexts of their citations from Semantic Scholar")
    fetch.epilog = f"Needs the extra: pip install -e '.[citations]'. Takes the key of an account from ${KEY_VARIABLE}."
    fetch.add_argument("--refresh", action="store_true", help="fetch again although a complete fetch is there")
    fetch.add_argument("--address", metavar="URL", help="another server with the same interface")
    label = step("label", _label, "label the contexts by hand, one after the other, in the terminal")
    label.add_argument(
        "name", nargs="?", default="", help="who labels: the file is labels-NAME.csv (default: labels.csv)"
    )
    agree = step("agree", _agree, "compare two label files: table, share of equal labels, Cohen's kappa")
    agree.add_argument("first", help=LABELS_HELP)
    agree.add_argument("second", help=LABELS_HELP)
    baseline = step("baseline", _baseline, "classify by a list of phrases and compare that with labels")
    baseline.add_argument("labels", nargs="*", help=f"{LABELS_HELP} (default: all label files)")
    step("status", _status, "say how far fetching and labelling are")


def execute(arguments: argparse.Namespace) -> int:
    arguments.execute_step(arguments)
    return 0


def _fetch(arguments: argparse.Namespace) -> None:
    from ndreport.citations.contexts import INDEX, parse, write_index  # noqa: PLC0415
    from ndreport.citations.snapshots import latest_complete, to_continue  # noqa: PLC0415
    from ndreport.citations.summary import contradictions_text, corpus_text  # noqa: PLC0415

    folder = citations_folder()
    snapshot = latest_complete(folder / "cache")
    if arguments.refresh or snapshot is None or snapshot.contradictions:
        try:
            from ndreport.citations.fetch import fetch  # noqa: PLC0415
        except ImportError as error:
            raise UserError(f"{error.name} is not installed: pip install -e '.[citations]'") from None
        from tqdm import tqdm  # noqa: PLC0415

        snapshot = to_continue(folder / "cache", datetime.now(UTC))
        with tqdm(desc="Semantic Scholar", unit=" answers", leave=False) as bar:

            def report(event: str) -> None:
                bar.set_postfix_str(event)
                bar.update()

            fetch(snapshot, address=arguments.address, key=os.environ.get(KEY_VARIABLE), report=report)
    corpus = parse(snapshot)
    _say(corpus_text(corpus))
    _say(f"texts, kept here only: {snapshot.folder}")
    if snapshot == latest_complete(folder / "cache"):  # not if it is doubtful and an earlier one is sound
        write_index(folder / INDEX, corpus)
        _say(f"list without texts: {folder / INDEX}")
    if told := contradictions_text(snapshot):
        _say(told)
        raise UserError(
            f"the service contradicts itself in fetch {snapshot.folder.name}, so citations may be missing: what was "
            f"fetched is kept, `ndcore citations fetch{' --refresh' if arguments.refresh else ''}` asks for the "
            "doubtful pages again"
        )


def _label(arguments: argparse.Namespace) -> None:
    import shutil  # noqa: PLC0415

    from ndreport.citations.contexts import read_corpus  # noqa: PLC0415
    from ndreport.citations.labelling import WIDTH, label  # noqa: PLC0415
    from ndreport.citations.labels import label_path  # noqa: PLC0415
    from ndreport.citations.summary import labels_text  # noqa: PLC0415

    folder = citations_folder()
    path = label_path(folder, arguments.name)
    contexts = read_corpus(folder / "cache").contexts
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("labelling asks a person, in a terminal; this input or output is none")
    labels = label(contexts, path, input, _say, min(WIDTH, shutil.get_terminal_size().columns))
    _say(f"\n{labels_text(str(path), labels, {context.key for context in contexts})}")


def _agree(arguments: argparse.Namespace) -> None:
    from ndreport.citations.labels import read_labels  # noqa: PLC0415
    from ndreport.citations.summary import agreement_text, differences_text  # noqa: PLC0415
    from ndreport.evidence.agreement import agreement  # noqa: PLC0415

    paths = _label_file(arguments.first), _label_file(arguments.second)
    first, second = map(read_labels, paths)
    names = str(paths[0].name), str(paths[1].name)
    _say(agreement_text(agreement(first, second), *names))
    if differing := differences_text(first, second, names):
        _say(f"\n{differing}")


def _baseline(arguments: argparse.Namespace) -> None:
    from ndreport.citations.baseline import FILE, guesses, write_guesses  # noqa: PLC0415
    from ndreport.citations.contexts import read_corpus  # noqa: PLC0415
    from ndreport.citations.labels import label_files, read_labels  # noqa: PLC0415
    from ndreport.citations.summary import agreement_text, guesses_text  # noqa: PLC0415
    from ndreport.evidence.agreement import agreement  # noqa: PLC0415

    folder = citations_folder()
    paths = [_label_file(name) for name in arguments.labels] or label_files(folder)
    labelled = {path.name: read_labels(path) for path in paths}
    found = guesses(read_corpus(folder / "cache").contexts)
    write_guesses(folder / FILE, found)
    _say(guesses_text(found))
    classes = {key: guess.label for key, guess in found.items()}
    for name, labels in labelled.items():
        _say(f"\n{agreement_text(agreement(labels, classes), name, FILE)}")
    if not labelled:
        _say("\nno label file to compare with: `ndcore citations label` makes one")
    _say(f"\nwritten: {folder / FILE}")


def _status(arguments: argparse.Namespace) -> None:
    from ndcore import foreign  # noqa: PLC0415
    from ndreport.citations.contexts import read_corpus  # noqa: PLC0415
    from ndreport.citations.labels import label_files, read_labels  # noqa: PLC0415
    from ndreport.citations.snapshots import latest_complete, snapshots  # noqa: PLC0415
    from ndreport.citations.summary import contradictions_text, corpus_text, labels_text  # noqa: PLC0415

    folder = citations_folder()
    keys = set()
    if latest_complete(folder / "cache"):
        corpus = read_corpus(folder / "cache")
        keys = {context.key for context in corpus.contexts}
        _say(corpus_text(corpus))
    else:
        _say("no complete fetch: `ndcore citations fetch` makes one")
    for snapshot in snapshots(folder / "cache"):
        if snapshot.missing is not None:
            _say(f"unfinished fetch {snapshot.folder.name}: citations from {snapshot.missing + 1} on are missing")
        if told := contradictions_text(snapshot):
            _say(told)
    for problem in foreign.files(folder, ".csv")[1]:
        _say(f"left out: {problem.file} {problem.reason}")
    for path in label_files(folder):
        _say(labels_text(path.name, read_labels(path), keys))
    if not label_files(folder):
        _say("no label file: `ndcore citations label` makes one")


def _label_file(name: str) -> Path:
    """A label file by its path, or by the name of the person in the usual folder."""
    from ndreport.citations.labels import label_path  # noqa: PLC0415

    path = Path(name)
    return path if path.suffix == ".csv" or path.is_file() else label_path(citations_folder(), name)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
