"""State dicts of the published code: every tensor goes where it was, all of them or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from model_facts import GOLDEN, PAIRS, golden_files, table
from test_model_golden import FLOAT64, error, execution_order, fill
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from ndcore import models
from ndcore.errors import UserError
from ndcore.models._original_names import OWN

FULL = bool(os.environ.get("NDCORE_FULL_PARITY"))
DEEPER = {"preact34": ("preact18", (3, 4, 6, 3))}
"""Networks that the study ran without intent and the table lacks: blocks per stage of one that it has two of each."""
UNUSED = {("preact18", "bn"): "bn1", ("preact34", "bn"): "bn1"}
"""A norm that is registered and never executed, so the table of executed layers lacks it."""
PUBLISHED = {row["network"] for row in table("layers.csv")} | set(DEEPER)
"""Networks that the published code builds."""


def layers(name: str, norm: str) -> list[dict[str, str]]:
    """Rows of a network's layers in the order of execution."""
    if name in DEEPER:
        shallow, depths = DEEPER[name]
        rows = []
        for block, group in groupby(layers(shallow, norm), lambda row: ".".join(row["module"].split(".")[:2])):
            rows += (one := list(group))
            if block.endswith(".1"):
                for i in range(2, depths[int(block[5]) - 1]):
                    rows += [row | {"module": row["module"].replace(".1.", f".{i}.", 1)} for row in one]
        return rows
    return [row for row in table("layers.csv") if (row["network"], row["norm"]) == (name, norm)]


def tensors(row: dict[str, str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of what the published code saves of a layer."""
    outputs, inputs = int(row["out"] or row["in"]), int(row["in"])
    if row["kind"] == "BatchNorm2d":
        yield from ((key, (inputs,)) for key in ("weight", "bias", "running_mean", "running_var"))
        return
    kernel = (int(row["kernel"]),) * 2 if "Linear" not in row["kind"] and row["kernel"] else ()
    yield "weight", (outputs, inputs // int(row["groups"] or 1), *kernel)
    if row["bias"] == "1":
        yield "bias", (outputs,)
    if row["block"]:
        d, groups = int(row["num_features_d"]), int(row["n_matrices"])
        yield "running_mean", (groups * d,)
        yield "running_deconv", (groups, d, d) if groups > 1 else (d, d)


def numbered(name: str, norm: str) -> dict[str, Tensor]:
    """A published state dict; every tensor holds one number, another one in each, and takes no memory."""
    rows = layers(name, norm)
    if (name, norm) in UNUSED:
        rows = [*rows, {"module": UNUSED[name, norm], "kind": "BatchNorm2d", "in": "64", "out": ""}]
    keys = [(f"{row['module']}.{key}", shape) for row in rows for key, shape in tensors(row)]
    return {key: torch.tensor(float(i)).expand(shape) for i, (key, shape) in enumerate(keys)}


@pytest.mark.parametrize(("name", "norm"), [pair for pair in PAIRS if pair[0] in PUBLISHED])
def test_every_layer_gets_the_tensors_of_its_published_name(name: str, norm: str) -> None:
    state = numbered(name, norm)
    model = models.load_original(name, norm, state)
    with torch.device("meta"):
        twin = models.create(name, norm, 10 if models.describe(name).input_size[1] == 32 else 1000).eval()
        order: list[str] = []
        for own, module in twin.named_modules():
            if isinstance(module, (_ConvNd, nn.Linear, _BatchNorm)):
                module.register_forward_hook(lambda *_, own=own: order.append(own))
        twin(torch.empty(1, *models.describe(name).input_size))
    assert {key: t.shape for key, t in model.state_dict().items()} == {k: t.shape for k, t in twin.state_dict().items()}
    for own, row in zip(order, layers(name, norm), strict=True):
        for key, tensor in model.get_submodule(own).state_dict().items():
            expected = 0 if key == "num_batches_tracked" else state[f"{row['module']}.{key}"].flatten()[0]
            assert tensor.eq(expected).all(), (own, row["module"], key)


@pytest.mark.parametrize("file", golden_files())
def test_network_of_the_golden_files_is_loaded_by_its_published_names(file: Path) -> None:
    """The same network as `test_model_golden` fills in the order of execution, whose results are the golden ones."""
    golden = np.load(file)
    config = json.loads(str(golden["config"]))
    name, norm = config["network"], config["norm"]
    x = torch.from_numpy(np.load(GOLDEN / "model_input.npz")["x"]).double()
    expected = models.create(name, norm).double()
    fill(execution_order(expected, x[:1]))
    model = models.load_original(name, norm, fresh(name, norm) | filled(name, norm, config["exec_order"]))
    loaded = model.state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in expected.state_dict().items())
    if FULL or f"{name}_{norm}" in FLOAT64:
        with torch.no_grad():
            model.train()(x)
            assert error(model.eval()(x), golden["logits_eval"]) < 1e-6


def fresh(name: str, norm: str) -> dict[str, np.ndarray]:
    """Batch normalisations and running values of the published network as it is made."""
    start = {"weight": np.ones, "running_var": np.ones, "running_deconv": eye}
    shapes = {key: tensor.shape for key, tensor in numbered(name, norm).items()}
    return {key: start.get(key.rpartition(".")[2], np.zeros)(shape) for key, shape in shapes.items()}


def eye(shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.eye(shape[-1]), shape)


def filled(name: str, norm: str, modules: list[str]) -> dict[str, np.ndarray]:
    """Weights and biases of the golden files, see `test_model_golden.fill`."""
    shapes = {key: tensor.shape for key, tensor in numbered(name, norm).items()}
    state = {}
    for t, module in enumerate(modules):
        outputs, *rest = shapes[f"{module}.weight"]
        fan_in = int(np.prod(rest))
        weight = np.sqrt(2 / fan_in) * np.random.RandomState(1000 + t).standard_normal(outputs * fan_in)
        state[f"{module}.weight"] = weight.reshape(outputs, *rest)
        if f"{module}.bias" in shapes:
            state[f"{module}.bias"] = 0.1 * np.random.RandomState(5000 + t).standard_normal(outputs)
    return state


@pytest.mark.parametrize("name", OWN)
def test_networks_that_the_published_code_cannot_build_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^{name}: the published code has no such network; .* '{OWN[name]}'"):
        models.load_original(name, "nd", {})


@pytest.mark.parametrize("wrap", [
    lambda state: {"net": state, "acc": 93.1, "epoch": 7},
    lambda state: {"epoch": 7, "state_dict": state, "best_acc1": torch.tensor(93.1), "optimizer": {}},
    lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    lambda state: {key.replace("layer", "module.layer"): value for key, value in state.items()},
    lambda state: {key: value.numpy() for key, value in state.items()},
    lambda state: {key: value.half() for key, value in state.items()},
    lambda state: state | {"layer2.0.downsample.1.num_batches_tracked": np.int64(0)},
])  # fmt: skip
def test_checkpoints_of_all_kinds_are_taken(wrap) -> None:
    state = {key: value.clone() / 64 for key, value in numbered("resnet18d", "nd").items()}
    expected = models.load_original("resnet18d", "nd", state).state_dict()
    got = models.load_original("resnet18d", "nd", wrap(state)).state_dict()
    assert all(torch.equal(value, got[key]) for key, value in expected.items())
    assert {value.dtype for value in got.values()} == {torch.float32, torch.int64}


def test_a_whole_network_in_a_checkpoint_is_taken() -> None:
    vgg = models.create("vgg16", "bn", 7)  # whose names are the published ones
    loaded = models.load_original("vgg16", "bn", {"net": vgg, "acc": 1.0})
    assert torch.equal(loaded.classifier.weight, vgg.classifier.weight)
    assert loaded.classifier.weight is not vgg.classifier.weight


def test_loading_spends_no_random_numbers_and_shares_no_memory() -> None:
    state = {key: value.clone() for key, value in numbered("resnet18d", "bn").items()}
    before = torch.get_rng_state()
    model = models.load_original("resnet18d", "bn", state)
    assert torch.equal(torch.get_rng_state(), before)
    state["conv1.weight"].fill_(5)
    assert not model.stem.weight.any()
    assert model(torch.zeros(2, 3, 32, 32)).requires_grad


def test_what_does_not_fit_is_listed_and_nothing_is_loaded() -> None:
    state = numbered("resnet18d", "nd")
    state["conv1.weight"] = torch.zeros(64, 3, 3, 3)
    state["extra.weight"] = state.pop("fc.bias")
    words = (
        r"^not a state dict of the published resnet18d \(nd\), nothing was loaded; missing: fc\.bias; "
        r"unexpected: extra\.weight; of another shape: conv1\.weight \(64, 3, 3, 3\) instead of \(64, 3, 7, 7\)$"
    )
    with pytest.raises(UserError, match=words):
        models.load_original("resnet18d", "nd", state)


def test_another_norm_and_another_number_of_classes_are_refused() -> None:
    with pytest.raises(UserError, match=r"missing: .* and \d+ more; unexpected: bn1\.weight"):
        models.load_original("resnet18d", "nd", numbered("resnet18d", "bn"))
    with pytest.raises(UserError, match=r"fc\.weight \(10, 512\) instead of \(100, 512\)"):
        models.load_original("resnet18d", "nd", numbered("resnet18d", "nd"), num_classes=100)
    with pytest.raises(UserError, match="unknown norm of vgg16 'none'"):
        models.load_original("vgg16", "none", {})


@pytest.mark.parametrize(("given", "words"), [
    (3, "a state dict is a mapping of names to tensors, got int"),
    ({"state_dict": None}, "a state dict is a mapping of names to tensors, got NoneType"),
    ({"model": {"conv1.weight": torch.zeros(1)}}, "'model' in the state dict is no tensor but dict"),
    ({"conv1.weight": "x"}, "'conv1.weight' in the state dict is no tensor but str"),
    ({}, "missing: features"),
])  # fmt: skip
def test_what_is_no_state_dict_is_refused(given, words) -> None:
    with pytest.raises(UserError, match=words):
        models.load_original("vgg16", "nd", given)


def test_it_is_reached_by_the_name_that_messages_give():
    code = "import sys, ndcore; print('torch' in sys.modules, callable(ndcore.models.load_original), ndcore.layers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[:2] == ["False", "True"]
