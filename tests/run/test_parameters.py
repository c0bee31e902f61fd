"""Parameters as papermill hands them over: wrong types and unknown names end in an error."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from papermill.inspection import inspect_notebook
from papermill.parameterize import parameterize_notebook

from ndcore.config import RunConfig
from ndcore.errors import UserError
from ndcore.folders import NOTEBOOK
from ndcore.parameters import OPTIONS, injected_names, read_parameters

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


@pytest.mark.parametrize(
    "bad", [{"epochs": "false"}, {"seed": "1"}, {"lr": "0.1"}, {"arch": 16}, {"device": True}, {"threads": 0}]
)
def test_a_value_of_the_wrong_type_is_an_error(bad):
    with pytest.raises(UserError, match=next(iter(bad))):
        read_parameters(injected(**bad))


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
