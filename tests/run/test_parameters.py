"""Parameters as papermill hands them over: wrong types and unknown names end in an error."""

from __future__ import annotations

import contextlib
import io
import math
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from kill_experiment import read_kills
from papermill.inspection import inspect_notebook
from papermill.parameterize import parameterize_notebook

from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.failures import ANSI
from ndcore.experiment.folders import NOTEBOOK
from ndcore.experiment.parameters import OPTIONS, injected_names, read_parameters

NAMESPACE = {"arch": "vgg16", "norm": "nd", "dataset": "digits", "epochs": 1, "seed": 0, "device": "cpu", "runs": None}


def injected(**parameters: object) -> dict:
    """A namespace after papermill's own cell."""
    cell = nbformat.v4.new_code_cell("epochs = 1", metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel, "papermill": {}})
    source = parameterize_notebook(notebook, parameters).cells[1].source
    namespace = NAMESPACE | {"In": ["", "epochs = 1", source]}
    exec(source, namespace)
    return namespace


def test_what_papermill_passes_becomes_configuration_and_options():
    config, options = read_parameters(injected(epochs=3, runs="elsewhere"))
    assert config == RunConfig(arch="vgg16", norm="nd", dataset="digits", epochs=3)
    assert options == {"device": "cpu", "data_root": None, "runs": Path("elsewhere"), "threads": "auto"}


def test_a_parameter_that_the_notebook_does_not_have_is_an_error():
    with pytest.raises(UserError, match="unknown parameter 'epoch': did you mean epochs"):
        read_parameters(injected(epoch=3))


WRONG = [
    *({"epochs": value} for value in ("false", True, 1.0, math.nan, 0, 10**6 + 1, 10**300)),
    *({"seed": value} for value in ("1", -1, 2**31, 10**300)),
    *({"repeat": value} for value in ("1_0", 10**6 + 1, 10**300)),
    *({"lr": value} for value in ("0.1", True, math.nan, math.inf)),
    {"train_images": 10**300},
    {"arch": 16},
    {"device": True},
    *({"threads": value} for value in (0, True, 10**300, "1_0")),
    {"data_root": 10**300},
]


@pytest.mark.parametrize("bad", WRONG, ids=lambda bad: f"{next(iter(bad))}-{str(*bad.values())[:12]}")
def test_a_wrong_value_is_one_short_line(bad):
    with pytest.raises(UserError, match=next(iter(bad))) as error:
        read_parameters(injected(**bad))
    assert len(str(error.value)) < 150
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "bad", [{"kills": 0}, {"kills": True}, {"workers": 10**300}, {"seed": -1}, {"kill": 5}, {"device": "cpu"}]
)
def test_the_kill_experiment_refuses_what_it_cannot_do(bad):
    namespace = {"kills": 50, "seed": 0, "workers": 2, "runs": None, "In": [injected(**bad)["In"][-1]]}
    assert read_kills(namespace | {"In": []}) == {"kills": 50, "seed": 0, "workers": 2, "runs": None}
    with pytest.raises(UserError, match=next(iter(bad))):
        read_kills(namespace | bad)


def shown_by_ipython(code: str) -> str:
    shell = InteractiveShell.instance()
    try:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            shell.run_cell(code)
    finally:
        InteractiveShell.clear_instance()
    return ANSI.sub("", output.getvalue())


def test_a_notebook_shows_a_wrong_parameter_as_one_line_and_a_fault_of_the_program_whole():
    refused = shown_by_ipython("from ndcore.experiment.parameters import *\nread_parameters({'epochs': 0})")
    assert refused.count("\n") == 1
    assert refused.startswith("UserError: arch is missing; norm is missing")
    failed = "from ndcore.errors import RunFailed\ntry:\n    1 / 0\nexcept Exception as error:\n"
    shown = shown_by_ipython(failed + "    raise RunFailed('the run failed') from error")
    assert "ZeroDivisionError" in shown
    assert "RunFailed: the run failed" in shown
    assert "Traceback" in shown_by_ipython("import ndcore.experiment.parameters\nndcore.parameters.read_parameters(5)")


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("notebook", "parameter", "last"),
    [
        ("cifar", ("arch", "nosuch"), "UserError: unknown architecture 'nosuch': known are"),
        ("ablation", ("epochs", "9" * 300), "UserError: epochs=99999999999999999999… (300 characters): input should"),
        ("power-failure", ("kill", "5"), "UserError: unknown parameter 'kill': did you mean kills"),
    ],
)
def test_papermill_ends_with_the_one_line(notebook, parameter, last, tmp_path):
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(NOTEBOOK.parent), "-p", *parameter]
    command += [str(NOTEBOOK.with_stem(notebook)), "out.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1].startswith(last)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    (error,) = (o for cell in executed.cells for o in cell.get("outputs", ()) if o.output_type == "error")
    (line,) = error.traceback
    assert line.startswith(last)


def test_only_the_last_injected_cell_counts_and_other_assignments_do_not():
    history = ["", "# Parameters\nold = 1", "helper = 2", "# Parameters\nepochs = 1\nseed = 2"]
    assert injected_names(history) == ["epochs", "seed"]
    assert injected_names(["helper = 2"]) == []


def test_the_notebook_offers_every_parameter_with_the_defaults_of_the_recipe():
    offered = {name: eval(p["default"]) for name, p in inspect_notebook(str(NOTEBOOK)).items()}
    assert set(offered) == {*RunConfig.model_fields, *OPTIONS}
    defaults = {n: f.default for n, f in RunConfig.model_fields.items() if not f.is_required()}
    assert {name: offered[name] for name in defaults} == defaults


def test_the_notebook_is_committed_without_outputs_and_for_the_usual_kernel():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells) == 1
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
