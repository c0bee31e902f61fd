"""`ndcore citations`: how papers cite the original study, in five steps."""

from __future__ import annotations

import argparse

SUMMARY = "fetch, label and compare how papers cite the original study"
INTERRUPTED = "every page and every label that was answered is kept; the same command goes on"
LABELS_HELP = "name of a person, or path of a label file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Files lie in citations/ in $NDCORE_RUNS or runs/. The texts stay in its cache/, which git ignores; label "
        "files name contexts by paper and digest and are meant to be committed."
    )
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)

    def step(name: str, summary: str) -> argparse.ArgumentParser:
        return steps.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")

    fetch = step("fetch", "get the citing papers and the contexts of their citations from Semantic Scholar")
    fetch.epilog = (
        "Needs the extra: pip install 'FOLDER[citations]', FOLDER being the repository. Takes the key of an account "
        "from $S2_API_KEY."
    )
    fetch.add_argument("--refresh", action="store_true", help="fetch again although a complete fetch is there")
    fetch.add_argument("--address", metavar="URL", help="another server with the same interface")
    label = step("label", "label the contexts by hand, one after the other, in the terminal")
    label.add_argument(
        "name", nargs="?", default="", help="who labels: the file is labels-NAME.csv (default: labels.csv)"
    )
    agree = step("agree", "compare two label files: table, share of equal labels, Cohen's kappa")
    agree.add_argument("first", help=LABELS_HELP)
    agree.add_argument("second", help=LABELS_HELP)
    baseline = step("baseline", "classify by a list of phrases and compare that with labels")
    baseline.add_argument("labels", nargs="*", help=f"{LABELS_HELP} (default: all label files)")
    step("status", "say how far fetching and labelling are")


def execute(arguments: argparse.Namespace) -> int:
    from ndreport.citations import steps  # noqa: PLC0415 - `ndcore --help` needs none of it

    match arguments.step:
        case "fetch":
            steps.fetch(arguments.refresh, arguments.address)
        case "label":
            steps.label(arguments.name)
        case "agree":
            steps.agree(arguments.first, arguments.second)
        case "baseline":
            steps.baseline(arguments.labels)
        case "status":
            steps.status()
    return 0
