"""The golden files of the layers: where they are, and a layer replayed against one of them.

A few are committed (tests/fixtures/layers); all of them lie in the folder that NDCORE_GOLDEN names, or in
../shared/golden beside the checkout.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

CHECKOUT = Path(__file__).resolve().parents[2]
COMMITTED = CHECKOUT / "tests" / "fixtures" / "layers"
ALL = Path(os.environ.get("NDCORE_GOLDEN", CHECKOUT.parent / "shared" / "golden"))
LIMITS = {torch.float32: 1e-5, torch.float64: 1e-10}


def layer_files() -> list[Path]:
    """The committed layer files, then every one of the full folder where it exists."""
    return [path for folder in (COMMITTED, ALL) for path in sorted(folder.glob("[cdf][dl]_*.npz"))]


def where(path: Path) -> str:
    """Test id: the file, and whether it is the committed one or of the full folder."""
    return f"{'committed' if path.parent == COMMITTED else 'full'}-{path.stem}"


def relative_error(value: Tensor, expected: Tensor) -> float:
    value, expected = value.detach().double(), expected.detach().double()
    return float((value - expected).norm() / expected.norm().clamp_min(1e-300))


class Golden:
    """One file: its layer, its steps, its expectations."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.arrays = {key: file[key] for key in file.files if key != "config"}
            self.config = json.loads(str(file["config"]))
        self.dtype = torch.float64 if path.stem.endswith("f64") else torch.float32
        self.limit = LIMITS[self.dtype]

    def tensor(self, key: str) -> Tensor:
        return torch.tensor(self.arrays[key]).to(self.dtype)

    def layer(self, classes: dict[str, type[nn.Module]]) -> nn.Module:
        layer = classes[self.config["layer"]](**self.config["args"]).to(self.dtype)
        with torch.no_grad():
            for name, parameter in layer.named_parameters():
                parameter.copy_(self.tensor(f"init_{name}"))
        return layer

    def replay(self, layer: nn.Module) -> Iterator[tuple[str, float]]:
        """Every expectation of the file, and the relative error of the layer in it."""
        seen = set()
        x = None
        for step in range(self.config["n_steps"]):
            x = self.tensor(f"x_s{step}").requires_grad_()
            layer.train().zero_grad()
            out = layer(x)
            loss = (out * self.tensor(f"r_s{step}")).sum()
            loss.backward()
            found = {"out": out, "loss": loss, "grad_x": x.grad}
            found |= {f"grad_{name}": parameter.grad for name, parameter in layer.named_parameters()}
            found |= {f"after_{name}": buffer for name, buffer in layer.named_buffers()}
            found["counter_after"] = torch.tensor(getattr(layer, "counter", -1))
            for name, value in found.items():
                key = f"{name}_s{step}"
                if key in self.arrays:
                    seen.add(key)
                    yield key, self.error(key, value)
        layer.eval()
        seen.add("eval_out")
        yield "eval_out", self.error("eval_out", layer(x))
        forgotten = {key for key in self.arrays if not key.startswith(("init_", "x_s", "r_s", "ref64_"))} - seen
        assert not forgotten, f"not compared: {sorted(forgotten)}"

    def error(self, key: str, value: Tensor) -> float:
        expected = torch.tensor(self.arrays[key])
        value = value[: len(expected)] if expected.dim() else value  # a committed file may hold the leading part
        assert value.shape == expected.shape, key
        return relative_error(value, expected)
