"""The layers, and their references, against what the published code computed."""

import numpy as np
import pytest
import torch
from layers_golden import (
    ALL,
    COMMITTED,
    DRAWS,
    FLOAT64_LIMIT,
    FLOOR,
    Golden,
    layer_files,
    limits,
    redrawn,
    relative_error,
    where,
)

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv, newton_schulz_isqrt
from ndcore.layers.inverse_root import covariance_isqrt
from ndcore.layers.reference import ReferenceChannelDeconv, ReferenceDelinear, ReferenceFastDeconv, reference_isqrt

FAST = {"FastDeconv": FastDeconv, "Delinear": Delinear, "ChannelDeconv": ChannelDeconv}
PLAIN = {"FastDeconv": ReferenceFastDeconv, "Delinear": ReferenceDelinear, "ChannelDeconv": ReferenceChannelDeconv}


@pytest.fixture(autouse=True)
def _plain_convolutions(monkeypatch):
    """The golden files were made without oneDNN, whose convolutions sum in another order."""
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)


@pytest.mark.parametrize("classes", [FAST, PLAIN], ids=["fast", "reference"])
@pytest.mark.parametrize("path", [path for path in layer_files() if path.stem.endswith("f64")], ids=where)
def test_layer_equals_the_published_code_in_float64(path, classes):
    golden = Golden(path)
    require_near(golden.values(classes), golden.expected, dict.fromkeys(golden.expected, FLOAT64_LIMIT))


@pytest.mark.parametrize("path", [path for path in layer_files() if path.stem.endswith("f32")], ids=where)
def test_layer_is_as_near_to_the_truth_as_the_published_code_in_float32(path):
    golden = Golden(path)
    truth = golden.values(PLAIN, torch.float64)
    limit = limits(truth, [golden.values(PLAIN, seed=seed) for seed in range(DRAWS)])
    assert min(limit.values()) == FLOOR, "some values of every file are well conditioned"
    for values in (golden.expected, golden.values(PLAIN), golden.values(FAST)):
        require_near(values, truth, limit)


def require_near(values, truth, limit):
    errors = {key: relative_error(value, truth[key]) for key, value in values.items()}
    assert not {key: (error, limit[key]) for key, error in errors.items() if not error <= limit[key]}


ISQRTS = (newton_schulz_isqrt, covariance_isqrt, reference_isqrt)


@pytest.mark.parametrize(
    "source", [COMMITTED, *([ALL] if ALL.is_dir() else [])], ids=["committed", "full"][: 1 + ALL.is_dir()]
)
@pytest.mark.parametrize("name", ["f32", "f64"])
@pytest.mark.parametrize("isqrt", ISQRTS, ids=lambda f: f.__name__)
def test_newton_schulz_equals_the_published_code(isqrt, name, source):
    with np.load(source / "newton_schulz.npz") as file:
        arrays = {key: torch.tensor(file[key]) for key in file.files if key != "config"}
    keys = [key for key in arrays if key.startswith("Z_c") and key.endswith(name)]
    assert len(keys) == 15
    weight = arrays["R_f64"]
    for key in keys:
        condition, iterations = key.split("_")[1:3]
        a, n_iter = arrays[f"A_{condition}_{name}"], int(iterations[1:])
        expected = {"root": arrays[key], "gradient": arrays[f"grad{key.replace('Z_', 'A_')}"]}
        found = root_and_gradient(isqrt, a, weight, n_iter)
        if name == "f64":
            truth, limit = expected, dict.fromkeys(expected, FLOAT64_LIMIT)
        else:
            truth = root_and_gradient(reference_isqrt, a.double(), weight, n_iter)
            draws = [root_and_gradient(reference_isqrt, redrawn(a, seed), weight, n_iter) for seed in range(DRAWS)]
            limit = limits(truth, draws)
            require_near(expected, truth, limit)
        if isqrt is covariance_isqrt:  # returns the symmetric part
            truth, found = ({**v, "gradient": 0.5 * (v["gradient"] + v["gradient"].mT)} for v in (truth, found))
        require_near(found, truth, limit)


def root_and_gradient(isqrt, a, weight, n_iter):
    """Inverse square root (d, d) of a matrix and the gradient of its product with a weight."""
    a = a.clone().requires_grad_()
    root = isqrt(a.unsqueeze(0), n_iter)[0]
    (grad,) = torch.autograd.grad((root * weight.to(root.dtype)).sum(), a)
    return {"root": root, "gradient": grad}


@pytest.mark.parametrize("iterations", [1, 5, 15])
def test_newton_schulz_of_a_stack_is_that_of_each(iterations):
    with np.load(COMMITTED / "newton_schulz.npz") as file:
        stack = torch.stack([torch.tensor(file[f"A_c{c}_f64"]) for c in ("1", "10", "100", "10000", "1e+06")])
        expected = torch.tensor(file[f"batched_Z_n{iterations}_f64"])
    assert relative_error(newton_schulz_isqrt(stack, iterations), expected) <= FLOAT64_LIMIT
