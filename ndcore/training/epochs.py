"""What is measured in an epoch."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from ndcore import foreign
from ndcore.part import Part

Percent = Annotated[float, AfterValidator(foreign.between(0, 100))]
Elapsed = Annotated[float, AfterValidator(foreign.between(0, foreign.LARGEST))]
Passed = Annotated[float, AfterValidator(foreign.between(1e-12, foreign.LARGEST))]
"""Seconds of something that divides others."""


class Accuracy(Part):
    loss: float = Field(allow_inf_nan=True)  # of a network that its last step made diverge
    """Mean cross entropy, in nats."""
    top1: Percent
    """Percent of images whose label has the highest logit."""
    top5: Percent
    """Percent of images whose label is among the five highest logits."""


class Seconds(Part):
    """Wall-clock seconds, split by what they were spent on."""

    data: Elapsed
    """Drawing and augmenting training batches."""
    train: Passed
    """Forward, backward and optimiser steps."""
    evaluate: Elapsed
    """The pass over the test set."""


class Epoch(Part):
    epoch: int = Field(ge=1)
    running_train: Accuracy
    """Averaged over the epoch WHILE the weights move: training mode, augmented images, before each update (as the
    original prints it). Not comparable with `test`."""
    test: Accuracy
    """After the epoch, evaluation mode, the whole test set."""
    seconds: Seconds
    images_per_second: float
    """Training images per second of data + train."""
