"""The sources of the pages: short cells, no stored output, and no result typed by hand."""

from __future__ import annotations

import ast
import pkgutil
import re
from pathlib import Path

import nbformat
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "book").glob("*.ipynb"))
PAGES = sorted((REPOSITORY / "book").glob("*.md"))
UNCHECKED = ("sections", "networks")  # what they say is quoted, from the ledger of findings and from docstrings
CODE_OF_PAGES = (REPOSITORY / "book" / "ndreport" / "pages").rglob("*.py")
SENTENCES = sorted(path for path in CODE_OF_PAGES if "-> Prose" in path.read_text() and path.stem not in UNCHECKED)
assert SENTENCES

# What may stand in prose with digits although nobody computed it, each with its reason.
ALLOWED = [
    r"```.*?```",  # commands
    r"`[^`]*`",  # names, commands, and the roles that numbers come in
    r"\$\$.*?\$\$|\$[^$]*\$",  # formulas
    r"\]\([^)]*\)",  # targets of links
    r"(?m)^\s*\d+\.\s",  # numbers of a list
    r"\barXiv \d{4}\.\d{5}\b",  # papers
    r"\b(?:19|20)\d\d\b",  # years
    r"\b(?:Tables?|Figures?|Sections?) \d+(?: and \d+)?\b",  # the study's own numbering
    r"\b[A-Z][A-Za-z]+-\d+\b",  # names: CIFAR-10, ResNet-18
    r"\b[Tt]op-[15]\b",  # the metric's name
    r"\bPython 3\.11\b",  # the oldest Python that is supported
]


def typed_numbers(text: str) -> list[str]:
    """Numbers in prose that are not on the list of what is allowed."""
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return re.findall(r"\S*\d\S*", text)


def literal_texts(code: str) -> list[str]:
    """Every text literal of Python code, the fixed parts of f-strings included; without doc strings and formats."""
    tree = ast.parse(code)
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    skipped = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, documented) and ast.get_docstring(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            skipped |= {id(part) for part in node.format_spec.values}
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in skipped)
    return [n.value for n in constants if isinstance(n.value, str)]


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_the_scan_itself_finds_results_and_lets_names_pass():
    assert typed_numbers("ND gains 12.1 points on CIFAR-10 (Table 4, 2024), see `x 5` and [b](c2.md).") == ["12.1"]
    assert literal_texts('f"gain {x:.2f} of 7"') == ["gain ", " of 7"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_no_result_is_typed_into_a_notebook(path):
    cells = read(path).cells
    found = [n for c in cells if c.cell_type == "markdown" for n in typed_numbers(c.source)]
    texts = [t for c in cells if c.cell_type == "code" for t in literal_texts(c.source) if " " in t]
    assert found + [n for t in texts for n in typed_numbers(t)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_no_result_is_typed_into_a_page(path):
    assert typed_numbers(path.read_text()) == []


@pytest.mark.parametrize("path", SENTENCES, ids=lambda p: p.name)
def test_no_result_is_typed_into_a_computed_sentence(path):
    texts = [t for t in literal_texts(path.read_text()) if " " in t]
    assert texts
    assert [n for t in texts for n in typed_numbers(t)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_stripped_short_and_hold_no_logic(path):
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [c["id"] for c in notebook.cells] == [f"{path.stem}-{i + 1:02d}" for i in range(len(notebook.cells))]
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        assert not cell.outputs
        assert cell.execution_count is None
        assert len(cell.source.splitlines()) <= 8
        logic = (ast.For, ast.While, ast.If, ast.IfExp, ast.FunctionDef, ast.Lambda, ast.comprehension)
        assert not any(isinstance(node, logic) for node in ast.walk(ast.parse(cell.source)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_what_a_page_imports_is_there(path):
    """`make test` executes a few of the pages only."""
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    imports = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ImportFrom)]
    names = [f"{n.module}.{alias.name}" for n in imports if n.module.startswith("nd") for alias in n.names]
    assert names
    assert [name for name in names if not resolves(name)] == []


def resolves(name: str) -> bool:
    """Whether it is a module, or a name in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_no_heading_occurs_twice_and_no_list_item_hides_another(path):
    prose = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"```.*?```", "", prose, flags=re.DOTALL))
    assert sorted({heading for heading in headings if headings.count(heading) > 1}) == []
    assert re.findall(r"(?m)^.* -$", prose) == []  # the dash of an item, at the end of the line before it


def test_every_page_is_in_the_table_of_contents():
    toc = yaml.safe_load((REPOSITORY / "_toc.yml").read_text())
    listed = {toc["root"]} | {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert {f"book/{p.stem}" for p in (*NOTEBOOKS, *PAGES)} <= listed


def test_experiments_are_not_executed_while_the_book_is_built():
    config = yaml.safe_load((REPOSITORY / "_config.yml").read_text())
    assert config["execute"]["exclude_patterns"] == ["notebooks/*"]
    assert config["execute"]["allow_errors"] is False
