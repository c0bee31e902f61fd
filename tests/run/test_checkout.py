"""The first cell of every notebook: it finds the checkout where ndcore is not installed, as in a kernel that is older.

`python -S` reads no .pth file, so that it knows of no editable install.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from ndcore.experiment.folders import NOTEBOOK, PROJECT

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
KERNEL = f"import sys; sys.path.append({sysconfig.get_path('purelib')!r}); from ipykernel.kernelapp import *; "
KERNEL += "launch_new_instance()"


def first_cell(notebook: Path) -> str:
    return next(cell.source for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code")


def found(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """What the first cell finds from a folder: the path of the package, and how many entries `sys.path` has gained."""
    program = f"import sys\nbefore = len(sys.path)\n{first_cell(NOTEBOOK)}\nimport ndcore\n"
    program += "print(ndcore.__file__, len(sys.path) - before)"
    command = [sys.executable, "-S", "-c", program]
    environment = ENVIRONMENT | environment
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def checkout(folder: Path) -> Path:
    """Something that looks like a checkout; returns the file of its package."""
    file = folder / "ndcore" / "__init__.py"
    file.parent.mkdir(parents=True)
    file.touch()
    return file


def test_notebooks_that_also_work_without_a_checkout_begin_in_the_same_way():
    """That of the power failures needs one: its driver lies among the tests."""
    assert len(NOTEBOOKS) == 3
    cells = [first_cell(notebook) for notebook in NOTEBOOKS]
    assert sum(cell == first_cell(NOTEBOOK) for cell in cells) == 2
    assert sum("tests/faults" in cell for cell in cells) == 1


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_imports_is_there(notebook):
    code = "\n".join(cell.source for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code")
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in found if node.module.startswith(("ndcore", "ndreport", "kill_experiment"))]
    assert ours
    for node in ours:
        assert {alias.name for alias in node.names} <= set(dir(import_module(node.module)))


@pytest.mark.parametrize("clone", ["above", "network-deconvolution", "ndcore"])
def test_the_checkout_is_found_above_or_in_the_folder(clone, tmp_path):
    """A clone that is called ndcore looks like a package without an __init__.py to whoever stands beside it."""
    tmp_path = tmp_path.resolve()
    file = checkout(tmp_path if clone == "above" else tmp_path / clone)
    folder = tmp_path / "a" / "b" if clone == "above" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    assert found(folder).stdout.split() == [str(file), "2"]  # the checkout, and the book in it


def test_what_is_installed_is_left_alone(tmp_path):
    installed = checkout(tmp_path / "installed")
    checkout(tmp_path / "elsewhere" / "clone")
    done = found(tmp_path / "elsewhere", PYTHONPATH=str(tmp_path / "installed"))
    assert done.stdout.split() == [str(installed), "0"]


def test_no_checkout_is_one_line(tmp_path):
    last = found(tmp_path).stderr.strip().splitlines()[-1]
    assert last.startswith("AssertionError: no checkout of ndcore is above or in /")
    assert last.endswith("change into it with %cd FOLDER")


@pytest.mark.end_to_end
def test_a_kernel_without_ndcore_runs_the_notebook_from_another_folder():
    notebook = nbformat.read(NOTEBOOK, 4)
    ids = [cell.id for cell in notebook.cells]
    notebook.cells = notebook.cells[: ids.index("configuration") + 1]
    kernels = AsyncKernelManager(kernel_name="python3")
    kernels.kernel_spec.argv = [sys.executable, "-S", "-c", KERNEL, "-f", "{connection_file}"]
    client = NotebookClient(notebook, km=kernels, timeout=120)
    client.execute(cleanup_kc=True, env=ENVIRONMENT, cwd=str(NOTEBOOK.parent))
    assert notebook.cells[-1].outputs[0].text.startswith("digits-resnet18d-nd-e1-s0-r0-")
