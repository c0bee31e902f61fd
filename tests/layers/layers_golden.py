"""The golden files of the layers: where they are, and a layer replayed against one of them.

A few are committed (tests/fixtures/layers); all of them lie in the folder that NDCORE_GOLDEN names, or in
../shared/golden beside the checkout.

Float64 files are compared as they are. A float32 file holds one draw of the rounding errors of the CPU that made it;
another CPU draws others. So float32 is judged by its distance to the *truth*: the same inputs through the plain layer
in float64. The distance may be `FACTOR` times that of the published sequence of operations; below `FLOOR` it is always
good. How far the published sequence is from the truth is measured on the machine of the test: it runs on inputs that
differ by half a unit in the last place, which draws every later rounding anew (`redrawn`, `limits`). So the limit grows
exactly where 15 iterations or a chain of steps amplify rounding. The values of the file must keep it as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

CHECKOUT = Path(__file__).resolve().parents[2]
COMMITTED = CHECKOUT / "tests" / "fixtures" / "layers"
ALL = Path(os.environ.get("NDCORE_GOLDEN", CHECKOUT.parent / "shared" / "golden"))
FLOAT64_LIMIT = 1e-10
"""Largest relative error in float64."""
FLOOR = 1e-5
"""Relative error in float32 that is good however well conditioned a value is."""
FACTOR = 4
"""How many times further than the published sequence a float32 value may be from the truth."""
DRAWS = 5
"""Draws of the rounding errors of the published sequence; the worst counts."""
NOT_COMPARED = ("init_", "x_s", "r_s", "ref64_")

Classes = Mapping[str, type[nn.Module]]


def layer_files() -> list[Path]:
    """The committed layer files, then every one of the full folder where it exists."""
    return [path for folder in (COMMITTED, ALL) for path in sorted(folder.glob("[cdf][dl]_*.npz"))]


def where(path: Path) -> str:
    """Test id: the file, and whether it is the committed one or of the full folder."""
    return f"{'committed' if path.parent == COMMITTED else 'full'}-{path.stem}"


def relative_error(value: Tensor, expected: Tensor) -> float:
    value, expected = value.detach().double(), expected.detach().double()
    return float((value - expected).norm() / expected.norm().clamp_min(1e-300))


def redrawn(value: Tensor, seed: int) -> Tensor:
    """A float32 tensor with every entry moved by at most half a unit in its last place, so that all rounding after it
    falls differently; as float64 it would be the same to 6e-8."""
    noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.5
    return (value.double() * (1 + noise * torch.finfo(torch.float32).eps)).float()


def limits(truth: Mapping[str, Tensor], draws: list[Mapping[str, Tensor]]) -> dict[str, float]:
    """Largest relative error of every float32 value: see the head of this module."""
    worst = {key: max(relative_error(draw[key], value) for draw in draws) for key, value in truth.items()}
    return {key: max(FLOOR, FACTOR * own) for key, own in worst.items()}


class Golden:
    """One file: its layer, its steps, its expectations."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.arrays = {key: file[key] for key in file.files if key != "config"}
            self.config = json.loads(str(file["config"]))
        self.dtype = torch.float64 if path.stem.endswith("f64") else torch.float32

    @property
    def expected(self) -> dict[str, Tensor]:
        """What the published code computed. A committed file may hold the leading part of a value only."""
        return {k: torch.tensor(v) for k, v in self.arrays.items() if not k.startswith(NOT_COMPARED)}

    def values(self, classes: Classes, dtype: torch.dtype | None = None, seed: int | None = None) -> dict[str, Tensor]:
        """What a layer computes of every expectation, cut to the part that the file holds.

        Args:
            classes: of the name of a layer in the file, the class to replay.
            dtype: of the computation; None: of the file.
            seed: of other rounding errors, see `redrawn`; None: the inputs as they are.
        """
        found = dict(self._replay(classes, dtype or self.dtype, seed))
        forgotten = self.expected.keys() - found.keys()
        assert not forgotten, f"not compared: {sorted(forgotten)}"
        cut = {key: found[key][: len(value)] if value.dim() else found[key] for key, value in self.expected.items()}
        assert all(cut[key].shape == value.shape for key, value in self.expected.items())
        return cut

    def _replay(self, classes: Classes, dtype: torch.dtype, seed: int | None) -> Iterator[tuple[str, Tensor]]:
        def tensor(key: str) -> Tensor:
            value = torch.tensor(self.arrays[key])
            return (value if seed is None else redrawn(value, seed)).to(dtype)

        layer = classes[self.config["layer"]](**self.config["args"]).to(dtype)
        with torch.no_grad():
            for name, parameter in layer.named_parameters():
                parameter.copy_(tensor(f"init_{name}"))
        x = None
        for step in range(self.config["n_steps"]):
            x = tensor(f"x_s{step}").requires_grad_()
            layer.train().zero_grad()
            out = layer(x)
            loss = (out * tensor(f"r_s{step}")).sum()
            loss.backward()
            yield f"out_s{step}", out.detach()
            yield f"loss_s{step}", loss.detach()
            yield f"grad_x_s{step}", x.grad
            yield from ((f"grad_{name}_s{step}", parameter.grad) for name, parameter in layer.named_parameters())
            yield from ((f"after_{name}_s{step}", buffer.clone()) for name, buffer in layer.named_buffers())
            yield f"counter_after_s{step}", torch.tensor(getattr(layer, "counter", -1))
        layer.eval()
        yield "eval_out", layer(x).detach()
