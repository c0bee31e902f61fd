"""The losses of the first training steps of `resnet18d` on the digits, on one thread of a CPU.

`python tests/training/loss_trace.py > tests/training/loss_trace.json` keeps them. A change of the code that leaves the
numbers alone leaves every bit of them alone on the machine on which both are made; between machines float32 loses most
of its digits within a few steps.
"""

from __future__ import annotations

import json
import sys
from unittest import mock

import torch
from torch import Tensor

from ndcore import data
from ndcore.experiment.config import RunConfig
from ndcore.machine import cpu_extensions, cpu_name
from ndcore.training import trainer

STEPS = 20
NORMS = ("bn", "nd")


class _Enough(Exception):
    """The steps that are wanted are done."""


class _Listening(trainer.Meter):
    losses: list[float]

    def update(self, logits: Tensor, labels: Tensor, mean_loss: Tensor | None = None) -> Tensor:
        if mean_loss is not None:
            self.losses.append(mean_loss.item())
            if len(self.losses) == STEPS:
                raise _Enough
        return super().update(logits, labels, mean_loss)


def losses(norm: str) -> list[float]:
    """The loss before each of the first steps, through the real trainer."""
    config = RunConfig(arch="resnet18d", norm=norm, dataset="digits", epochs=1, lr=0.003, batch_size=32)
    _Listening.losses = []
    digits = data.load("digits")
    model = trainer.build_model(config, 10)
    with mock.patch.object(trainer, "Meter", _Listening):
        try:
            trainer.train(model, config, digits, torch.device("cpu"), threads=1, progress=False)
        except trainer.TrainingFailed as end:
            if not isinstance(end.__cause__, _Enough):
                raise
    return _Listening.losses


def machine() -> dict[str, str]:
    """What decides the bits of float32, beside the code."""
    capability = torch.backends.cpu.get_cpu_capability()
    return {"cpu": cpu_name(), "extensions": " ".join(cpu_extensions()), "aten": capability, "torch": torch.__version__}


if __name__ == "__main__":
    json.dump({"machine": machine(), "losses": {norm: losses(norm) for norm in NORMS}}, sys.stdout, indent=1)
    sys.stdout.write("\n")
