"""Imports go one way, also those inside functions: from what is near the user down to what knows of nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import nbformat
import pytest

from ndcore.experiment.folders import NOTEBOOK, PROJECT

FOLDERS = {"ndcore": PROJECT / "ndcore", "ndreport": PROJECT / "book" / "ndreport"}
DIRECT = "modules directly in ndcore"
LAYERS = {
    "ndcore": [
        ["__main__"],
        ["cli"],
        ["__init__"],  # with the two above: the entrance
        ["commands"],
        ["grid"],
        ["bench"],
        ["experiment"],
        ["training", "surgery"],
        ["data", "models"],
        ["layers"],
        [DIRECT],
    ],
    "ndreport": [
        ["commands"],
        ["build"],
        ["pages"],
        ["material"],
        ["citations", "explained"],
        ["rendering"],
        ["evidence"],
        ["__init__"],
    ],
}
"""From the top: a part imports from itself and from those in lines below, never from another in its own line."""


def modules() -> dict[str, Path]:
    """Every module by its name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(source: str, known: Iterable[str]) -> Iterator[str]:
    """The modules that a source imports anywhere, and those that it names to `import_module`; types aside."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports are not read here"
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else node.module for name in whole)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (part.value for part in ast.walk(node) if isinstance(getattr(part, "value", None), str))


EDGES = {name: set(imported(path.read_text(), MODULES)) for name, path in MODULES.items()}


def part(module: str) -> str:
    """The part of its package that a module belongs to."""
    package, _, rest = module.partition(".")
    first = rest.partition(".")[0] or "__init__"
    known = {name for line in LAYERS[package] for name in line}
    return first if first in known or (FOLDERS[package] / first).is_dir() else DIRECT


def height(module: str) -> int:
    """How far from the top the part of a module stands."""
    lines = LAYERS[module.partition(".")[0]]
    return next(i for i, line in enumerate(lines) if part(module) in line)


def wrong_way(edges: dict[str, set[str]]) -> list[str]:
    """The imports within a package that do not go down."""
    pairs = [(a, b) for a, names in edges.items() for b in names & MODULES.keys() if a.split(".")[0] == b.split(".")[0]]
    return sorted(f"{a} -> {b}" for a, b in pairs if part(a) != part(b) and height(a) >= height(b))


def test_imports_go_one_way():
    assert wrong_way(EDGES) == []


def test_the_experiments_know_nothing_of_the_report():
    assert [name for name, names in EDGES.items() if name.startswith("ndcore") and "ndreport" in str(names)] == []


def test_the_notebook_of_a_run_needs_no_report():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    names = set().union(*(imported(cell.source, MODULES) for cell in cells if cell.cell_type == "code"))
    assert {"ndcore.experiment.experiment", "matplotlib.pyplot"} <= names
    assert not [name for name in names if name.startswith(("ndreport", "seaborn", "pandas"))]


def test_no_module_imports_itself_by_way_of_others():
    try:
        TopologicalSorter({name: names & MODULES.keys() for name, names in EDGES.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_every_part_has_its_place():
    for package, lines in LAYERS.items():
        assert {part(name) for name in MODULES if name.split(".")[0] == package} == {n for line in lines for n in line}


def test_what_this_test_reads_are_imports_wherever_they_stand():
    source = "if TYPE_CHECKING:\n import a\nelse:\n import b\ndef f():\n from c import d, e\n import_module('g')"
    assert set(imported(source, {"c.d"})) == {"b", "c.d", "c", "g"}
    assert wrong_way({"ndcore.layers.fold": {"ndcore.data", "ndcore.errors", "torch"}}) == [
        "ndcore.layers.fold -> ndcore.data"
    ]
