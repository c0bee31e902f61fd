"""What pages start from: folders, damaged files, sentences, environment, the Sphinx extension."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from docutils import nodes
from record_factory import make_record, write_examples

from ndcore.experiment.folders import runs_folder
from ndreport.build.sphinx_extension import choose_cache, inputs_digest, visit_block_math, visit_inline_math
from ndreport.evidence.published import FILES
from ndreport.material import load
from ndreport.pages.environment import build_facts
from ndreport.pages.our_runs.paging import run_pages, sections
from ndreport.pages.our_runs.provenance import commit
from ndreport.rendering import prose

REPOSITORY = Path(__file__).parents[2]
PUBLISHED_FILES = [
    f"published/{name}" for name in (*(file.name for file in FILES.values()), "claims.yaml", "equivalence.yaml")
]


def test_importing_the_report_does_not_import_torch():
    book = REPOSITORY / "book"
    parts = [book / "ndreport" / name for name in ("evidence", "pages", "rendering")]
    files = [path.relative_to(book).with_suffix("") for part in parts for path in sorted(part.rglob("[a-z]*.py"))]
    names = [".".join(file.parts) for file in files]
    names.remove("ndreport.pages.use_it")  # which is about torch
    imports = "\n".join(f"import {name}" for name in names)
    code = f"import sys\n{imports}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_bad_files_are_reported_by_name_and_the_rest_is_shown(tmp_path):
    records = write_examples(tmp_path)
    material = load(tmp_path)
    assert len(material.records) == len(records)
    assert {p.file for p in material.problems} == {"damaged.json", "foreign.json", "newer.json", *PUBLISHED_FILES}
    notice = material.problem_notice()
    assert all(p.file in notice and p.reason.split()[0] in notice for p in material.problems)
    assert sum(sections(page).count("<section") for page in run_pages(material.records)) == len(records)
    assert "not shown" not in load(REPOSITORY / "runs" / "published").problem_notice() or material.problems


def test_a_missing_folder_is_an_empty_report(tmp_path):
    material = load(tmp_path / "nowhere")
    assert material.records == []
    assert [p.file for p in material.problems] == PUBLISHED_FILES


def test_folder_comes_from_the_environment_then_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("NDCORE_RUNS", raising=False)
    (tmp_path / "runs" / "published").mkdir(parents=True)
    (tmp_path / "book").mkdir()
    monkeypatch.chdir(tmp_path / "book")
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.chdir("/")
    assert runs_folder() == REPOSITORY / "runs"
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path


def test_prose_helpers():
    assert prose.count(1, "record") == "1 record"
    assert prose.count(0, "run") == "no runs"
    assert prose.count(1797, "image") == "1,797 images"
    assert prose.percent(46.555) == "46.55 %"
    assert prose.points(-3.4) == "−3.40"
    assert prose.points(3.4) == "+3.40"
    cases = [prose.in_cases(*numbers) for numbers in ((0, 0), (0, 1), (1, 1), (2, 2), (0, 3), (2, 3), (3, 3))]
    words = ("no case", "no case", "the one case", "both cases", "none of the 3 cases", "2 of 3 cases", "all 3 cases")
    assert cases == [f"in {word}" for word in words]
    assert prose.listing([]) == "none"
    assert prose.listing("ab") == "a and b"
    assert prose.listing("abc") == "a, b and c"
    assert prose.span([2.0, 1.0]) == "+1.00 to +2.00"
    assert prose.span([1.0]) == "+1.00"
    assert prose.prose("x")._repr_markdown_() == "x"


def test_environment_names_versions_and_commit(tmp_path):
    names = dict(build_facts())
    assert names["jupyter-book"].startswith("1.")
    assert names["numpy"] == np.__version__
    assert "Code" in names
    assert dict(build_facts(tmp_path))["Code"] == commit(None, None)


def test_a_new_record_changes_the_cache_and_drops_the_old_one(tmp_path, monkeypatch):
    monkeypatch.delenv("NDCORE_RUNS", raising=False)
    (tmp_path / "runs" / "published").mkdir(parents=True)
    app = SimpleNamespace(srcdir=tmp_path, outdir=tmp_path / "_build" / "html")
    config = SimpleNamespace(nb_execution_cache_path="")
    choose_cache(app, config)
    first = Path(config.nb_execution_cache_path)
    first.mkdir(parents=True)
    choose_cache(app, config)
    assert Path(config.nb_execution_cache_path) == first
    assert first.is_dir()
    make_record().write(tmp_path / "runs")
    choose_cache(app, config)
    assert Path(config.nb_execution_cache_path) != first
    assert not first.exists()
    assert inputs_digest(tmp_path) == Path(config.nb_execution_cache_path).name


@pytest.mark.parametrize(("visit", "node"), [(visit_inline_math, nodes.math), (visit_block_math, nodes.math_block)])
def test_formulas_become_mathml(visit, node):
    page = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        visit(page, node("", r"\frac{1}{N} X^{\top} X"))
    assert "<math" in page.body[0]
    assert "<mfrac>" in page.body[0]
