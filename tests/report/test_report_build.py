"""Building the book: pages executed side by side, folders found, and what a strict build does not allow."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from record_factory import make_record, write_examples

from ndcore.errors import UserError
from ndcore.experiment import own_kernel
from ndcore.experiment.execution import Execution
from ndcore.experiment.folders import PROJECT
from ndcore.experiment.runner import publish
from ndcore.problems import Problem
from ndreport.build import build, execution, strict
from ndreport.build.execution import fill_cache
from ndreport.commands import book


def notebook(folder: Path, name: str, source: str, kernel_name: str = "python3", parameters: str = "") -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=name)]
    if parameters:
        cells.insert(0, nbformat.v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}))
    kernel = {"kernelspec": {"name": kernel_name, "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def test_without_jupyter_book_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^jupyter-book is not installed: pip install 'FOLDER\[report\]'") as error:
        build.build(tmp_path, lambda line: None)
    assert error.value.exit_code == 2


def test_pages_are_executed_side_by_side_once_and_failures_are_handed_back(tmp_path, monkeypatch):
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
    assert {path for path, wrong in done.result().items() if not wrong} == set(pages[:2])
    assert done.result()[pages[2]].endswith("ZeroDivisionError: division by zero")
    assert again.result() == {}
    cache = get_cache(cache_path)
    for path in pages[:2]:
        _, executed = cache.merge_match_into_notebook(nbformat.read(path, as_version=4))
        assert executed.cells[0].outputs[0].data["text/plain"] == "'3'"
    with pytest.raises(KeyError):
        cache.match_cache_notebook(nbformat.read(pages[2], as_version=4))


@pytest.fixture
def foreign_kernels(tmp_path, monkeypatch) -> Path:
    """Kernel specs that end at once, under the usual name and another one, first of all in the search path."""
    for name in ("python3", "myenv"):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        argv = [sys.executable, "-c", "raise SystemExit('a foreign kernel')", "{connection_file}"]
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return tmp_path


def test_pages_are_executed_by_the_interpreter_of_the_build_whatever_kernels_there_are(foreign_kernels):
    pages = [notebook(foreign_kernels, name, "import sys\nsys.executable", name) for name in ("python3", "myenv", "no")]
    cache_path = str(foreign_kernels / "cache")
    with ThreadPoolExecutor(1) as pool:
        assert set(pool.submit(fill_cache, cache_path, pages, timeout=60).result().values()) == {""}
    for path in pages:
        _, executed = get_cache(cache_path).merge_match_into_notebook(nbformat.read(path, as_version=4))
        assert executed.cells[0].outputs[0].data["text/plain"] == repr(sys.executable)


def test_a_run_is_performed_by_its_own_interpreter_whatever_kernels_there_are(foreign_kernels):
    page = notebook(foreign_kernels, "myenv", "import sys\nsys.executable", "myenv")
    execution = Execution(page, {}, dict(os.environ))
    execution.run()
    assert execution.executed.cells[-1].outputs[0].data["text/plain"] == repr(sys.executable)


@pytest.mark.parametrize("name", ["{x} [Re] 100% #1", '-it\'s "é漢…" $HOME', os.fsdecode(b"\xff")])
def test_a_run_is_performed_in_and_into_a_folder_of_any_name(name, tmp_path):
    (tmp_path / name).mkdir()
    page = notebook(
        tmp_path / name, "page", "import os\nos.path.samefile(runs, '.')", "myenv", parameters="runs = None"
    )
    execution = Execution(page, {"runs": str(page.parent)}, dict(os.environ))
    execution.run()
    assert execution.executed.cells[-1].outputs[0].data["text/plain"] == "True"
    published = publish(execution.executed, tmp_path, "page")
    assert nbformat.read(published, as_version=4).metadata.papermill.parameters == {"runs": str(page.parent)}


def test_a_page_whose_kernel_dies_does_not_start_or_takes_too_long_is_handed_back(tmp_path, monkeypatch):
    sources = {"dead": "import os\nos._exit(3)", "slow": "import time\ntime.sleep(60)", "fine": "1"}
    dead, slow, fine = (notebook(tmp_path, name, source) for name, source in sources.items())
    with ThreadPoolExecutor(1) as pool:
        wrong = pool.submit(fill_cache, str(tmp_path / "cache"), [dead, slow], timeout=5, workers=2).result()
        assert "its kernel died or could not be started" in wrong[dead]
        assert wrong[slow] == "a cell took more than 5 s"
        fine.with_stem("no-json").write_text("{")
        wrong |= pool.submit(fill_cache, str(tmp_path / "cache"), [fine.with_stem("no-json")], timeout=5).result()
        assert wrong[fine.with_stem("no-json")].startswith("it is no notebook")
        monkeypatch.setattr(own_kernel.sys, "executable", "/nonexistent/python")
        wrong = pool.submit(fill_cache, str(tmp_path / "cache"), [fine], timeout=60).result()
    assert "/nonexistent/python" in wrong[fine]


def small_book(folder: Path) -> Path:
    """A book of one page of text and one that is executed, saved by an editor with a kernel of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "_config.yml").write_text(SMALL)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: text\nchapters:\n- file: page\n")
    (folder / "text.md").write_text("# Text\n")
    (folder / "stray.md").write_text("# Not in the table of contents\n")
    source = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "myenv", "display_name": "My environment"}})
    source.cells = [nbformat.v4.new_markdown_cell("# Page", id="head"), nbformat.v4.new_code_cell("6 * 7", id="sum")]
    nbformat.write(source, folder / "page.ipynb")
    return folder


SMALL = """\
only_build_toc_files: true
execute: {execute_notebooks: cache, timeout: 60}
sphinx:
  recursive_update: true
  config:
    extensions:
      - myst_nb
      - jupyter_book
      - sphinx_comments
      - sphinx_external_toc
      - sphinx_book_theme
      - ndreport.build.sphinx_extension
"""
FOLDERS = ["[Re] Network Deconvolution", "[!a-z]*? 50% #1 & {x}", '-it\'s "é漢字…" $HOME']


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", [*(pytest.param(n, marks=pytest.mark.slow) for n in FOLDERS[1:]), FOLDERS[0]])
def test_a_book_is_built_in_a_folder_of_any_name(name, tmp_path):
    (tmp_path / "R").mkdir()  # which "[Re]" and "[!a-z]*?" are patterns for
    (tmp_path / "R" / "other.md").write_text("# Of another book\n")
    index = build.build(small_book(tmp_path / name), lambda line: None)
    assert "42" in (index.parent / "page.html").read_text(encoding="utf-8")
    assert not (index.parent / "stray.html").exists()


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    "locale",
    [
        pytest.param({"PYTHONIOENCODING": "latin-1"}, marks=pytest.mark.slow),
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_book_is_built_in_any_locale(locale, tmp_path):
    folder = small_book(tmp_path / "漢é")
    page = (folder / "page.ipynb").read_text(encoding="utf-8")
    (folder / "page.ipynb").write_text(page.replace("6 * 7", "print('✓ é')"), encoding="utf-8")
    command = [sys.executable, "-m", "ndcore", "book"]
    done = subprocess.run(command, cwd=folder, env=os.environ | locale, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "✓ é" in (folder / "_build" / "html" / "page.html").read_text(encoding="utf-8")


def test_a_book_in_a_folder_that_is_not_utf8_is_refused(tmp_path):
    with pytest.raises(UserError, match="the name of the book's folder is not UTF-8"):
        build.build(tmp_path / os.fsdecode(b"\xff"), lambda line: None)


@pytest.mark.end_to_end
def test_a_page_that_is_not_executed_is_named_at_every_build_until_it_is_mended(tmp_path, capfd):
    page = small_book(tmp_path) / "page.ipynb"
    sound = page.read_text(encoding="utf-8")
    page.write_text(sound.replace("6 * 7", "import os; os._exit(3)"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(build.BuildFailed):
            build.build(tmp_path, lambda line: None)
        assert "page.ipynb: WARNING: page not executed: its kernel died" in capfd.readouterr().err
    page.write_text(sound, encoding="utf-8")
    build.build(tmp_path, lambda line: None)


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
    code = "import sys, ndreport.material; print({'seaborn', 'scipy', 'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
