"""Whatever lies in `runs/` is named and skipped: no file of a stranger ends in an exception, or blocks."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from record_factory import make_record
from strange_files import changes, one_of_each

from ndcore.bench.results import latest
from ndcore.errors import UserError
from ndcore.experiment import records
from ndcore.experiment.folders import PROJECT, record_path, work_folder
from ndcore.experiment.runner import run
from ndcore.problems import LONGEST, Problem
from ndcore.training.progress import PROGRESS_FILE, Progress
from ndreport.build import strict
from ndreport.build.sphinx_extension import inputs_digest
from ndreport.evidence import citation_counts, fault_reports
from ndreport.evidence.bench import load_bench
from ndreport.evidence.claims import ledger
from ndreport.evidence.csv_files import load
from ndreport.evidence.margin import load_margin
from ndreport.evidence.published import FILES
from ndreport.pages.code_and_data import ledger as findings
from ndreport.rendering.html import notice

RUNS = PROJECT / "runs"
ENDINGS = {"": ".json", "ablation": ".json", "faults": ".json", "bench": ".csv", "citations": ".csv"}
"""The folders whose files are found by their ending."""


def fill(runs: Path) -> list[str]:
    """One of each kind of strange file in every folder; how those are shown that the pages have to name."""
    named = []
    for folder, ending in ENDINGS.items():
        head = "labels-" if folder == "citations" else "x"
        shown = one_of_each(runs / folder, head, ending)
        if folder != "bench":  # a file of another name is none of the benchmark's
            named += [f"{folder}/{name}" if folder else name for name in shown]
    for folder, ending in (("published", ".csv"), ("notebooks", ".ipynb"), ("work", "")):
        one_of_each(runs / folder, "x", ending)
    return named


@pytest.fixture(scope="module")
def strange(tmp_path_factory) -> tuple[Path, list[str]]:
    runs = tmp_path_factory.mktemp("strange") / "runs"
    shutil.copytree(RUNS / "published", runs / "published")
    make_record(46.6, dataset="digits").write(runs)
    return runs, fill(runs)


def test_the_book_names_every_strange_file_and_shows_the_rest(strange):
    runs, named = strange
    found = strict.problems(runs, decide=False)
    assert set(named) <= {problem.file for problem in found}
    assert len(records.scan(runs)[0]) == 1
    for problem in found:
        assert f"{problem.file} {problem.reason}".isprintable()
    notice("warning", "not shown", [f"{problem.file} {problem.reason}" for problem in found]).encode()


def test_a_changed_strange_file_changes_what_the_book_is_built_from(strange, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(RUNS / "published", runs / "published")
    before = inputs_digest(tmp_path)
    one_of_each(runs, "x", ".json")
    one_of_each(runs / "published", "x", ".csv")
    assert inputs_digest(tmp_path) != before


def test_a_strange_file_never_hides_the_benchmark(tmp_path):
    shutil.copytree(RUNS / "bench", tmp_path / "bench")
    one_of_each(tmp_path / "bench", "x", "-20990101.csv")
    (tmp_path / "bench" / "steps-x-20990101.csv").mkdir()
    bench, problems = load_bench(tmp_path)
    assert bench.costs
    assert Problem("bench/steps-x-20990101.csv", "is a folder, not a file") in problems


def test_a_benchmark_that_counted_nothing_has_no_shares(tmp_path):
    shutil.copytree(RUNS / "bench", tmp_path / "bench")
    path = latest(tmp_path / "bench")
    head, *rows = [line.split(",") for line in path.read_text().splitlines()]
    for column in (head.index(name) for name in head if name.endswith("_flop")):
        for row in rows:
            row[column] = "0"
    path.write_text("\n".join(map(",".join, [head, *rows])) + "\n")
    bench, problems = load_bench(tmp_path)
    assert problems == []
    assert all(cost.floor_shares() == {} for cost in bench.costs)


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["grid", "plan", "--epochs", "1"]])
def test_commands_that_look_end_well(strange, arguments):
    runs, _ = strange
    blocked = record_path(make_record(dataset="digits", seed=5).config, runs)
    blocked.write_bytes(b"[" * 100_000)
    where = [str(runs)] if arguments[0] == "status" else ["--runs", str(runs), "--dataset", "digits", "--seeds", "0-9"]
    done = subprocess.run(
        [sys.executable, "-c", "from ndcore.cli import main; raise SystemExit(main())", *arguments, *where],
        capture_output=True, timeout=300, check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "nested too deeply" in text
    if arguments == ["status"]:
        assert "x\\xff.json" in text
        assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        *(
            json.dumps(json.loads(Progress(2, 3, 1, 4, "training", 1.0, 50.0, 9.0, 60.0).to_json()) | change).encode()
            for change in (
                {"running_top1": "half"},
                {"running_top1": [[[1]]]},
                {"seconds_left": float("nan")},
                {"seconds_left": float("inf")},
                {"seconds_left": 1e300},
                {"step": 10**400},
                {"epochs": 10**4000},
                {"steps": 0},
                {"activity": "\ud800"},
            )
        ),
        Progress(2, 3, 1, 4, "training").to_json().replace('"seconds_left": null', '"seconds_left": 1e309').encode(),
    ],
)
def test_a_malformed_progress_file_is_no_progress(tmp_path, content):
    record = make_record()
    work = work_folder(record.config, tmp_path)
    work.mkdir(parents=True)
    (work / PROGRESS_FILE).write_bytes(content)
    assert Progress.read(work) is None


def test_progress_comes_back_as_it_was_written(tmp_path):
    progress = Progress(2, 3, 1, 4, "training", 1.0, 50.0, 9.0, 60.0)
    progress.write(tmp_path)
    assert Progress.read(tmp_path) == progress


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("nowhere"), lambda path: path.mkdir(), os.mkfifo])
def test_a_run_whose_record_could_not_be_written_is_refused_at_once(tmp_path, make):
    config = make_record(dataset="digits").config
    make(record_path(config, tmp_path))
    with pytest.raises(UserError, match="is in the place of this run's record"):
        run(config, runs=tmp_path)


@pytest.mark.parametrize("place", ["work", "work/{run_id}", "work/{run_id}/lease"])
def test_a_link_to_nothing_in_the_place_of_a_folder_is_one_line(tmp_path, place, monkeypatch):
    monkeypatch.setattr("ndcore.experiment.leases.PUZZLED_SECONDS", 0.0)
    config = make_record(dataset="digits").config
    link = tmp_path / place.format(run_id=config.run_id)
    link.parent.mkdir(exist_ok=True, parents=True)
    link.symlink_to("nowhere")
    with pytest.raises(UserError) as refused:
        run(config, runs=tmp_path, check_first=False)
    assert str(link) in str(refused.value) or config.run_id in str(refused.value)


def sealed(document: Any) -> bytes:
    """As JSON; with a digest of its own, as somebody would write it who knows how."""
    if isinstance(document, dict):
        document["digest"] = records.content_digest(document)
    return json.dumps(document).encode()


def dumped(document: Any) -> bytes:
    return yaml.safe_dump(document).replace("'2026-13-45'", "2026-13-45").encode()  # a date in form only


def load_published(folder: Path) -> tuple[Any, list[Problem]]:
    """The one table that lies in a folder."""
    (path,) = folder.iterdir()
    return load(next(file for file in FILES.values() if file.name == path.name), folder)


MATERIAL = {
    "*.json": (records.scan, json.loads, sealed),
    "faults/*.json": (lambda folder: fault_reports.load(folder.parent), json.loads, sealed),
    "bench/*.csv": (lambda folder: load_bench(folder.parent), None, None),
    "published/citations.csv": (citation_counts.load_citations, None, None),
    "published/[!c]*.csv": (load_published, None, None),
    "published/colours.csv": (load_published, None, None),
    "published/claims.yaml": (ledger.load, yaml.safe_load, dumped),
    "published/findings.yaml": (findings.load, yaml.safe_load, dumped),
    "published/equivalence.yaml": (load_margin, yaml.safe_load, dumped),
}
"""Files, what reads their folder, what parses one, and what writes a changed document."""
ENTRIES = 6
"""So many of a YAML file are read again and again: reading all of them would take long."""


@pytest.mark.parametrize("pattern", MATERIAL)
def test_a_changed_file_is_a_result_or_a_problem(tmp_path, pattern):
    read, parse, dump = MATERIAL[pattern]
    found = 0
    for path in sorted(RUNS.glob(pattern))[:9]:
        folder = tmp_path / path.parent.name
        folder.mkdir(exist_ok=True)
        content = path.read_bytes()
        if parse is yaml.safe_load and isinstance(entries := parse(content), list):
            content = dump(entries[:ENTRIES])
        for changed in itertools.islice(changes(content, random.Random(path.name), parse, dump), 20):
            (folder / path.name).write_bytes(changed)
            _, problems = read(folder)
            mine = [problem for problem in problems if problem.file.endswith(path.name)]
            found += bool(mine)
            for problem in mine:
                assert f"{problem.file} {problem.reason}".isprintable()
                assert len(problem.reason) <= LONGEST + 1
        (folder / path.name).unlink()
    assert found > 10  # else nothing was changed
