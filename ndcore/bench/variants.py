"""The ways of training a network that are compared, each as a network with its optimiser and its step.

bn            batch normalisation, prepared and stepped as `ndcore.training.trainer` does
nd            deconvolution, exact, likewise
nd-every4     deconvolution whose convolutions compute their transform at every 4th step (`update_every`)
none          the plain convolutions of the deconvolved network, no normalisation: what any normalisation adds to
bn-original   batch normalisation the way of the published code: PyTorch's default memory format, the optimiser as
              built by default, the loss fetched at every step, the allocator of the C library as it is (on a CPU
              therefore in a process of its own, `ndcore.bench.other_process`)
nd-original   deconvolution likewise, with the reference layers (`ndcore.layers.reference`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ndcore import models
from ndcore.bench.latency import unnormalised
from ndcore.bench.rows import VARIANTS
from ndcore.bench.tensor_memory import TensorMemory
from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.reference import ReferenceDelinear, ReferenceFastDeconv
from ndcore.training import speed

CLASSES = 10
EVERY = 4
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 1e-3, 0.9, 1e-3
"""A step costs the same at any rate; a small one keeps also the unnormalised network finite on random images."""
REFERENCE = {FastDeconv: ReferenceFastDeconv, Delinear: ReferenceDelinear}


@dataclass
class Variant:
    """A network in training, one of `ndcore.bench.rows.VARIANTS`."""

    name: str
    model: nn.Module
    optimizer: torch.optim.Optimizer
    images: Tensor
    """(n, c, h, w), in the memory format of the variant."""
    labels: Tensor
    """(n)"""

    @property
    def original(self) -> bool:
        """Whether it trains the way of the published code."""
        return self.name.endswith("-original")

    @property
    def device(self) -> torch.device:
        return self.images.device

    @property
    def steps_per_sample(self) -> int:
        """Steps that belong together: all that differ from each other."""
        return EVERY if self.name == "nd-every4" else 1

    def sample(self) -> None:
        """A step, or the steps that belong together."""
        for _ in range(self.steps_per_sample):
            self.step()

    def step(self) -> None:
        """Forward, backward, update."""
        loss = F.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.original:
            loss.item()

    def peak_bytes(self) -> int:
        """Most bytes of tensors alive at once during a sample: its parameters, optimiser, batch, and all it makes.

        On CUDA as its allocator counts; elsewhere what operations return, without the scratch memory inside them. Call
        it after a step has built the state of the optimiser.
        """
        state = [
            value for held in self.optimizer.state.values() for value in held.values() if isinstance(value, Tensor)
        ]
        there = {
            id(t): t for t in chain(self.model.parameters(), self.model.buffers(), state, (self.images, self.labels))
        }
        stored = sum(tensor.nbytes for tensor in there.values())
        if self.images.is_cuda:
            before = torch.cuda.memory_allocated()  # also what the other variants hold
            torch.cuda.reset_peak_memory_stats()
            self.sample()
            return stored + torch.cuda.max_memory_allocated() - before
        with TensorMemory(there.values()) as memory:
            self.sample()
        return stored + memory.peak


def available(arch: str, names: Sequence[str] = VARIANTS) -> tuple[str, ...]:
    """Those variants that a network has: some are defined without batch normalisation."""
    norms = models.describe(arch).norms
    return tuple(name for name in names if (name.partition("-")[0] if name != "none" else "nd") in norms)


def build(arch: str, names: Sequence[str], batch_size: int, device: torch.device) -> list[Variant]:
    """Variants of a network that start from the same weights and see the same random images.

    Raises:
        UserError: unknown network, or one that lacks a variant.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images = torch.randn(batch_size, *models.describe(arch).input_size)
        labels = torch.randint(CLASSES, (batch_size,))
        return [_build(arch, name, images, labels, device) for name in names]


def _build(arch: str, name: str, images: Tensor, labels: Tensor, device: torch.device) -> Variant:
    torch.manual_seed(1)
    options = {"update_every": EVERY} if name == "nd-every4" else {}
    model = models.create(arch, "bn" if name.startswith("bn") else "nd", CLASSES, **options)
    labels = labels.to(device)
    if name.endswith("-original"):
        for layer in model.modules():
            layer.__class__ = REFERENCE.get(type(layer), type(layer))
        model = model.to(device)
        optimizer = torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY)
        return Variant(name, model, optimizer, images.to(device), labels)
    if name == "none":
        model = unnormalised(model)
    model = speed.prepare_model(model, device)
    optimizer = speed.make_optimizer(model, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY)
    return Variant(name, model, optimizer, speed.prepare_images(images, device), labels)
