"""`ndcore book`: build the report, and its PDF."""

from __future__ import annotations

import argparse
import sys
import time

SUMMARY = "build the report from the records, as pages and as PDF"
INTERRUPTED = "pages that were executed are kept; the same command goes on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A damaged or missing file in runs/ is named on the pages and here; the book is built all the same. "
        "A page that raises an error fails the build."
    )
    add = parser.add_argument
    add("--strict", action="store_true", help="exit with 1 if a file in runs/ is damaged or missing, or a check failed")
    add("--pdf", action="store_true", help="also print the whole book into one PDF (needs Chromium)")
    add("--timing", action="store_true", help="say how long it took and how large the book is")


def execute(arguments: argparse.Namespace) -> int:
    from ndcore.experiment.folders import runs_folder  # noqa: PLC0415 - only once it is needed
    from ndreport.build.build import BuildFailed, book_folder, build  # noqa: PLC0415
    from ndreport.build.strict import problems  # noqa: PLC0415
    from ndreport.rendering.prose import count  # noqa: PLC0415

    folder = book_folder()
    if arguments.pdf:
        from ndreport.build import pdf  # noqa: PLC0415

        chromium = pdf.find_chromium()
    started = time.perf_counter()
    index = build(folder, _say)
    seconds = time.perf_counter() - started
    _say(f"The report: {index.as_uri()}")
    if arguments.timing:
        size = sum(path.stat().st_size for path in index.parent.rglob("*") if path.is_file())
        pages = sum(path.stat().st_size for path in index.parent.rglob("*.html"))
        _say(f"built in {seconds:.1f} s; {size / 1e6:.1f} MB, of which the pages are {pages / 1e6:.1f} MB")
    if arguments.pdf:
        _say(f"The report as PDF: {pdf.make(folder, chromium).as_uri()}")
    found = problems(runs_folder(folder), decide=arguments.strict)
    for problem in found:
        sys.stderr.write(f"ndcore book: runs/{problem.file} {problem.reason}\n")
    if found and arguments.strict:
        raise BuildFailed(
            f"{count(len(found), 'problem')} in runs/, named above and on the pages: --strict allows none"
        )
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
