"""Building the book: pages executed side by side, folders found, and what a strict build does not allow."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from record_factory import make_record, write_examples

from ndcore.commands import book
from ndcore.folders import PROJECT
from ndcore.records import Problem
from ndcore.report import build, execution, strict
from ndcore.report.execution import fill_cache


def notebook(folder: Path, name: str, source: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=name)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def test_pages_are_executed_side_by_side_once_and_failures_are_left_to_the_build(tmp_path, monkeypatch):
    """Two pages that wait for each other end only if both run at the same time, each in its own folder; they share the
    cores."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(execution, "usable_cores", lambda: 6)
    meet = "import pathlib, time\npathlib.Path('{0}').touch()\n"
    meet += "while not pathlib.Path('{1}').exists(): time.sleep(0.02)\nimport os\nos.environ['OMP_NUM_THREADS']"
    pages = [notebook(tmp_path, "a", meet.format("a", "b")), notebook(tmp_path, "b", meet.format("b", "a"))]
    pages.append(notebook(tmp_path, "broken", "1 / 0"))
    cache_path = str(tmp_path / "cache")
    with ThreadPoolExecutor(1) as pool:  # the browser of another test may have its event loop in this thread
        done = pool.submit(fill_cache, cache_path, pages, timeout=60, workers=2)
        again = pool.submit(fill_cache, cache_path, pages[:2], timeout=60)
    assert set(done.result()) == set(pages)
    assert again.result() == {}
    cache = get_cache(cache_path)
    for path in pages[:2]:
        _, executed = cache.merge_match_into_notebook(nbformat.read(path, as_version=4))
        assert executed.cells[0].outputs[0].data["text/plain"] == "'3'"
    with pytest.raises(KeyError):
        cache.match_cache_notebook(nbformat.read(pages[2], as_version=4))


def test_the_book_is_found_from_a_folder_within_it_and_otherwise_in_the_checkout(tmp_path):
    for name in ("_toc.yml", "_config.yml"):
        (tmp_path / name).touch()
    (tmp_path / "runs" / "published").mkdir(parents=True)
    assert build.book_folder(tmp_path / "runs" / "published") == tmp_path
    assert build.book_folder(Path("/")) == PROJECT


def test_a_book_that_does_not_build_is_one_line_after_the_warnings(tmp_path, capfd):
    (tmp_path / "_config.yml").write_text("only_build_toc_files: true\nexecute: {execute_notebooks: 'off'}\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    (tmp_path / "page.md").write_text("# Page\n\n[nowhere](nowhere.md)\n")
    with pytest.raises(build.BuildFailed, match="not built") as caught:
        build.build(tmp_path, lambda line: None)
    assert caught.value.exit_code == 1
    assert "nowhere" in capfd.readouterr().err


@pytest.fixture
def runs(tmp_path) -> Path:
    shutil.copytree(PROJECT / "runs" / "published", tmp_path / "runs" / "published")
    shutil.copytree(PROJECT / "runs" / "bench", tmp_path / "runs" / "bench")
    (tmp_path / "runs" / "ablation").mkdir()
    make_record(46.6, 38.2, seed=9).write(tmp_path / "runs")
    return tmp_path / "runs"


def test_sound_material_has_no_problems_and_every_damaged_file_is_one(runs):
    assert strict.problems(runs, decide=False) == []
    write_examples(runs)
    for path in [*(runs / "published").glob("*.csv"), *(runs / "published").glob("*.yaml")]:
        path.write_text("damaged: [")
    (runs / "ablation" / "x.json").write_text("{")
    found = {problem.file for problem in strict.problems(runs, decide=False)}
    published = {f"published/{path.name}" for path in (runs / "published").iterdir() if path.suffix != ".md"}
    assert {"damaged.json", "foreign.json", "ablation/x.json", *published} <= found


def test_a_claim_that_ends_in_an_error_is_a_problem(runs):
    (runs / "published" / "imagenet.csv").unlink()
    found = [problem.reason for problem in strict.problems(runs) if problem.file == "published/claims.yaml"]
    assert any(reason.startswith("claim ") for reason in found)


@pytest.mark.parametrize("problems", [[], [Problem("x.json", "is damaged")]])
@pytest.mark.parametrize("options", [[], ["--strict"]])
def test_only_a_strict_build_fails_because_of_a_file(problems, options, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build, "build", lambda folder, say: tmp_path / "index.html")
    monkeypatch.setattr(strict, "problems", lambda runs, decide: problems)
    parser = argparse.ArgumentParser()
    book.add_arguments(parser)
    if problems and options:
        with pytest.raises(build.BuildFailed, match="1 problem in runs/"):
            book.execute(parser.parse_args(options))
    else:
        assert book.execute(parser.parse_args(options)) == 0
    printed = capsys.readouterr()
    assert f"The report: {(tmp_path / 'index.html').as_uri()}" in printed.out
    assert ("runs/x.json is damaged" in printed.err) == bool(problems)


def test_the_command_loads_nothing_heavy_before_its_arguments_are_right():
    code = "import sys; from ndcore.cli import main; main(['book', '--nonsense'])"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pandas" not in done.stderr
    assert "sphinx" not in done.stderr


def test_pages_without_a_figure_import_no_seaborn_scipy_or_torch():
    code = "import sys, ndcore.report.page; print({'seaborn', 'scipy', 'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
