"""The layers, and their references, against what the published code computed."""

import numpy as np
import pytest
import torch
from layers_golden import ALL, COMMITTED, LIMITS, Golden, layer_files, relative_error, where

from ndcore.layers import ChannelDeconv, Delinear, FastDeconv, newton_schulz_isqrt
from ndcore.layers.inverse_root import covariance_isqrt
from ndcore.layers.reference import (
    ReferenceChannelDeconv,
    ReferenceDelinear,
    ReferenceFastDeconv,
    reference_isqrt,
)

FAST = {"FastDeconv": FastDeconv, "Delinear": Delinear, "ChannelDeconv": ChannelDeconv}
PLAIN = {"FastDeconv": ReferenceFastDeconv, "Delinear": ReferenceDelinear, "ChannelDeconv": ReferenceChannelDeconv}


@pytest.fixture(autouse=True)
def _plain_convolutions(monkeypatch):
    """The golden files were made without oneDNN, whose convolutions sum in another order."""
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)


@pytest.mark.parametrize("classes", [FAST, PLAIN], ids=["fast", "reference"])
@pytest.mark.parametrize("path", layer_files(), ids=where)
def test_layer_equals_the_published_code(path, classes):
    golden = Golden(path)
    errors = dict(golden.replay(golden.layer(classes)))
    assert max(errors.values()) <= golden.limit, {k: v for k, v in errors.items() if v > golden.limit}


@pytest.mark.parametrize(
    "source", [COMMITTED, *([ALL] if ALL.is_dir() else [])], ids=["committed", "full"][: 1 + ALL.is_dir()]
)
@pytest.mark.parametrize("name", ["f32", "f64"])
@pytest.mark.parametrize("isqrt", [newton_schulz_isqrt, covariance_isqrt, reference_isqrt], ids=lambda f: f.__name__)
def test_newton_schulz_equals_the_published_code(isqrt, name, source):
    with np.load(source / "newton_schulz.npz") as file:
        arrays = {key: torch.tensor(file[key]) for key in file.files if key != "config"}
    keys = [key for key in arrays if key.startswith("Z_c") and key.endswith(name)]
    assert len(keys) == 15
    for key in keys:
        condition, iterations = key.split("_")[1:3]
        a = arrays[f"A_{condition}_{name}"].requires_grad_()
        z = isqrt(a.unsqueeze(0), int(iterations[1:]))[0]
        (grad,) = torch.autograd.grad((z * arrays["R_f64"].to(z.dtype)).sum(), a)
        expected = arrays[f"grad{key.replace('Z_', 'A_')}"]
        if isqrt is covariance_isqrt:  # returns the symmetric part
            grad, expected = (0.5 * (g + g.mT) for g in (grad, expected))
        # at 15 iterations single precision itself is up to 6e-4 away on these matrices, in any order of operations
        limit = 3e-3 if name == "f32" and float(condition[1:]) > 100 else LIMITS[z.dtype]
        assert relative_error(z, arrays[key]) <= limit, key
        assert relative_error(grad, expected) <= limit, key


@pytest.mark.parametrize("iterations", [1, 5, 15])
def test_newton_schulz_of_a_stack_is_that_of_each(iterations):
    with np.load(COMMITTED / "newton_schulz.npz") as file:
        stack = torch.stack([torch.tensor(file[f"A_c{c}_f64"]) for c in ("1", "10", "100", "10000", "1e+06")])
        expected = torch.tensor(file[f"batched_Z_n{iterations}_f64"])
    assert relative_error(newton_schulz_isqrt(stack, iterations), expected) <= LIMITS[torch.float64]
