"""Normalisation as a factory: a network asks it for convolutions, normalisations and its classifier, never branches.

    "none"  Normalization   Conv2d        Identity      Linear
    "bn"    Batch           Conv2d        BatchNorm2d   Linear
    "nd"    Deconvolution   FastDeconv    Identity      Delinear

FastDeconv normalises what goes *into* a convolution, so the batch normalisation after it falls away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from ndcore.layers import Delinear, FastDeconv


class Normalization:
    """What a network is built from. This base class normalises nothing."""

    def conv(
        self,
        c_in: int,
        c_out: int,
        kernel_size: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        **nd: Any,
    ) -> nn.Module:
        """A convolution with padding ⌊kernel_size/2⌋.

        Args:
            bias: whether a plain convolution has one; FastDeconv always has.
            nd: arguments of FastDeconv where they differ from its defaults; plain convolutions have no use for them.
        """
        return self._convolution((c_in, c_out, kernel_size, stride, kernel_size // 2, 1, groups), bias, nd)

    def _convolution(self, geometry: tuple[int, ...], bias: bool, nd: Mapping[str, Any]) -> nn.Module:
        return nn.Conv2d(*geometry, bias=bias)

    def norm(self, channels: int) -> nn.Module:
        """The normalisation after (in pre-activation networks: before) a convolution."""
        return nn.Identity()

    def linear(self, features: int, classes: int) -> nn.Module:
        """The classifier."""
        return nn.Linear(features, classes)


class Batch(Normalization):
    """Batch normalisation (Ioffe and Szegedy 2015) with PyTorch's defaults."""

    def norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels)


class Deconvolution(Normalization):
    """Network deconvolution (Ye et al. 2020) with the arguments of the original command line.

    What a network sets itself stays: most run 10 or 15 iterations in their first layer, some fewer in others. Blocks
    have no meaning in a convolution with groups, the sampling stride has none in the classifier.

    Args:
        classifier_block: features per block of the classifier, 512 in the CIFAR runs and 64 in those on ImageNet.
        update_every: every convolution computes its transform at every so many training steps. The classifier does so
            at every one: with more features than images in a batch, the transform of one batch magnifies what is new
            in the next, and training diverges.
        sampling_stride: of every convolution for which the network sets no other.
        block: channels per block of every convolution for which the network sets no other number.
        n_iter: Newton–Schulz iterations of every layer for which the network sets no other number.
    """

    def __init__(
        self,
        classifier_block: int = 512,
        *,
        update_every: int = 1,
        sampling_stride: int = 3,
        block: int = 64,
        n_iter: int = 5,
    ) -> None:
        self.convolution = {
            "update_every": update_every, "sampling_stride": sampling_stride, "block": block, "n_iter": n_iter
        }  # fmt: skip
        self.classifier = {"block": classifier_block, "n_iter": n_iter}

    def _convolution(self, geometry: tuple[int, ...], bias: bool, nd: Mapping[str, Any]) -> nn.Module:
        return FastDeconv(*geometry, **{**self.convolution, **nd})

    def linear(self, features: int, classes: int) -> nn.Module:
        return Delinear(features, classes, **self.classifier)


def normalization(norm: str, **options: int) -> Normalization:
    """The factory of that name, with the arguments of the CIFAR runs, or with the options of `Deconvolution`."""
    return {"none": Normalization, "bn": Batch, "nd": Deconvolution}[norm](**options)
