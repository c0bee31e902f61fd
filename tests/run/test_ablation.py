"""The ablation: what is run, what the notebook accepts, and the notebook itself with a tiny budget."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pytest
from papermill.inspection import inspect_notebook
from record_factory import write_ablation

from ndcore.errors import RunFailed, UserError
from ndcore.experiment import records, runner
from ndcore.experiment.ablation import FACTORS, Budget, choose_factors, perform, plan
from ndcore.experiment.config import DECONVOLUTION
from ndcore.experiment.folders import PROJECT, ablation_folder, runs_folder
from ndcore.experiment.parameters import OPTIONS, read_ablation

NOTEBOOK = PROJECT / "notebooks" / "ablation.ipynb"
PARAMETERS = {
    "arch": "resnet18d", "dataset": "digits", "epochs": 1, "train_images": 256, "seeds": 1, "factors": "n_iter",
    "device": "auto", "data_root": None, "runs": None,
}  # fmt: skip


def test_one_factor_at_a_time_around_the_default():
    configs = plan(Budget())
    assert len({c.run_id for c in configs}) == len(configs) == len(set(configs))
    for config in configs:
        varied = config.deconvolution()
        assert len(varied) <= 1
        assert config.seed == 0 or not varied
    assert {name for c in configs for name in c.deconvolution()} == set(DECONVOLUTION)
    assert [(c.norm, c.seed) for c in configs[:6]] == [("bn", 0), ("bn", 1), ("bn", 2), ("nd", 0), ("nd", 1), ("nd", 2)]
    assert {(c.arch, c.dataset, c.epochs, c.train_images) for c in configs} == {("resnet18d", "cifar10", 1, 6_400)}


@pytest.mark.parametrize("factor", FACTORS, ids=lambda f: f.field)
def test_every_factor_holds_its_default_and_ascends(factor):
    assert factor.default in factor.values
    assert list(factor.values) == sorted(set(factor.values))
    assert Budget().variations(factor)[factor.default] == Budget().config()


def test_fewer_factors_and_seeds_are_fewer_runs():
    configs = plan(Budget(seeds=1), choose_factors("n_iter"))
    assert [(c.norm, c.n_iter) for c in configs] == [("bn", 5), ("nd", 5), ("nd", 3), ("nd", 4), ("nd", 8)]
    assert [f.field for f in choose_factors("n_iter, update_every")] == ["update_every", "n_iter"]


def test_the_records_lie_apart_from_the_evidence(tmp_path, monkeypatch):
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path))
    assert ablation_folder() == tmp_path / "ablation"
    write_ablation(ablation_folder())
    assert records.scan(runs_folder()) == ([], [])


def test_a_failed_run_does_not_stop_the_others(tmp_path, monkeypatch):
    seen = []

    def run(config, **options):
        seen.append((config, options))
        if config.norm == "bn":
            raise RunFailed(f"{config.run_id} failed")

    monkeypatch.setattr(runner, "run", run)
    budget, factors = Budget(seeds=1), choose_factors("n_iter")
    failures = perform(budget, factors, runs=tmp_path, device="cpu")
    assert failures == [f"{budget.config('bn').run_id} failed"]
    assert seen == [(config, {"runs": tmp_path, "device": "cpu"}) for config in plan(budget, factors)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": "resnet81d"}, "unknown architecture 'resnet81d': did you mean resnet18d"),
        ({"epochs": "1"}, "epochs='1': input should be a valid integer"),
        ({"train_images": 0}, "train_images=0: input should be greater than or equal to 1"),
        ({"seeds": 0}, "seeds=0: expected a whole number from 1 to 1,000"),
        ({"seeds": True}, "seeds=True: expected a whole number from 1 to 1,000"),
        ({"seeds": 10**5000}, "seeds=a number of thousands of digits: expected a whole number from 1 to 1,000"),
        ({"train_images": 10**300}, "characters): input should be less than or equal to 1000000000"),
        ({"factors": "n_iters"}, "unknown factor 'n_iters': did you mean n_iter"),
        ({"factors": ""}, "unknown factor ''"),
        ({"factors": 5}, "factors=5: expected names separated by commas, got int"),
        ({"runs": 5}, "runs=5: expected a text, got int"),
        ({"In": ["", "# Parameters\nfactor = 'n_iter'"]}, "unknown parameter 'factor': did you mean factors"),
        ({"In": ["", "# Parameters\nnorm = 'bn'"]}, "unknown parameter 'norm'"),
    ],
)
def test_wrong_parameters_are_refused_in_one_line(change, message):
    with pytest.raises(UserError) as error:
        read_ablation(PARAMETERS | change)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_notebook_offers_the_budget_of_the_report_and_is_stripped():
    offered = {name: eval(p["default"]) for name, p in inspect_notebook(str(NOTEBOOK)).items()}
    budget, factors, options = read_ablation(offered)
    assert (budget, tuple(factors)) == (Budget(), FACTORS)
    assert options == {"device": "auto", "data_root": None, "runs": None, "threads": "auto"}
    assert set(OPTIONS) <= set(offered)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.end_to_end
def test_the_notebook_performs_what_is_missing_and_shows_everything(tmp_path):
    budget, factors = Budget(dataset="digits", train_images=256, seeds=1), choose_factors("update_every")
    missing = budget.config(update_every=2)
    there = write_ablation(tmp_path, budget, without=[missing])
    before = {path: path.read_bytes() for path in tmp_path.glob("*.json")}
    options = {"dataset": "digits", "train_images": 256, "seeds": 1, "factors": "update_every", "runs": tmp_path}
    flags = [part for name, value in options.items() for part in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(tmp_path / "out.ipynb"), "--no-progress-bar"]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found, problems = records.scan(tmp_path)
    assert problems == []
    (made,) = [record for record in found if record.config == missing]
    assert (made.status, made.data.train_images, made.code.notebook) == ("complete", 256, "notebooks/cifar.ipynb")
    assert len(found) == len(there) + 1
    assert {path: path.read_bytes() for path in before} == before
    outputs = {c.id: json.dumps(c.outputs) for c in nbformat.read(tmp_path / "out.ipynb", 4).cells if "outputs" in c}
    assert all(config.run_id in outputs["table"] for config in plan(budget, factors))
    assert f"{made.final_epoch.test_top1:.2f}" in outputs["table"]
    assert "not run" not in outputs["table"]
    assert "<svg" in outputs["figure"]
    assert "**2**: " in outputs["findings"]
