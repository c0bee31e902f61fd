"""Whoever installs nothing but torch can use layers, networks and surgery."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement

PROGRAM = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    '''What an environment with torch alone does not have.'''

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for name in ("numpy", "pydantic", "torchvision", "pandas"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{name} is there: this program shows nothing")

import torch
from torch import nn

import ndcore
import ndcore.layers, ndcore.models, ndcore.surgery

images = torch.randn(2, 3, 32, 32)
network = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 32 * 32, 10)
)
deconvolved = ndcore.deconvolve(network)
deconvolved.train()(images).sum().backward()
folded = ndcore.fold(deconvolved.eval())
torch.testing.assert_close(folded(images), deconvolved(images), atol=1e-4, rtol=1e-4)
ndcore.recalibrate(deconvolved, [images])
print(*ndcore.models.create("resnet18d", "nd", 10)(images).shape)
"""


def needed_by(distribution: str) -> set[str]:
    """A distribution and all that it needs, directly or not."""
    found, waiting = set(), [distribution]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            wanted = Requirement(text)
            if not wanted.marker or wanted.marker.evaluate({"extra": ""}):
                waiting.append(wanted.name)
    return {name.lower().replace("_", "-") for name in found}


def test_layers_networks_and_surgery_need_torch_alone():
    there = needed_by("torch") | {"ndcore"}
    tops = metadata.packages_distributions()
    absent = {top for top, names in tops.items() if not there & {name.lower().replace("_", "-") for name in names}}
    assert {"numpy", "pydantic", "torchvision", "pandas", "yaml", "tqdm"} <= absent
    program = f"ABSENT = {absent!r}\n{PROGRAM}"
    warnings = ["-W", "error", "-W", "ignore:Failed to initialize NumPy"]  # which is torch's, and no fault of anybody
    done = subprocess.run([sys.executable, *warnings, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 10\n", "")
