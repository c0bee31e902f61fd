"""A photograph as a convolution sees it that copies its input: whitened, and as a small file for a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from ndcore.layers.fold import fold_into_weight
from ndreport.explained.covariance import KERNEL, Whitening
from ndreport.explained.patches import whiten
from ndreport.explained.photographs import Photograph, as_input

LIMIT = 60_000
"""Bytes of a picture at most."""
SPREAD = 99.5
"""Percent of the values that are shown without being cut off."""


STEM_ITERATIONS = 15
"""Newton–Schulz iterations of the first layer of VGG-16 and other networks of the study, with which it is stronger."""


@dataclass(frozen=True)
class Picture:
    """A photograph, or what a convolution that copies it would see."""

    photograph: Photograph
    whitening: Whitening | None
    """With what it was whitened; None for the photograph itself."""
    file: bytes
    """JPEG."""
    size: tuple[int, int]
    """Width and height in pixels."""


def series(photograph: Photograph, whitening: Whitening) -> list[Picture]:
    """A photograph as it is, whitened, and whitened with the iterations of the study's first layers."""
    stronger = whiten(photograph, STEM_ITERATIONS, whitening.eps)
    shown = [(None, photograph.pixels)]
    shown += [(one, visible(deconvolved(photograph, one))) for one in (whitening, stronger)]
    return [Picture(photograph, one, jpeg(pixels), pixels.shape[1::-1]) for one, pixels in shown]


def all_series(photographs: Sequence[Photograph], whitenings: Sequence[Whitening]) -> list[list[Picture]]:
    """`series` of every photograph."""
    return [series(photograph, one) for photograph, one in zip(photographs, whitenings, strict=True)]


def deconvolved(photograph: Photograph, whitening: Whitening) -> np.ndarray:
    """The middle pixel of every whitened patch, float64 (h − 2, w − 2, 3), around 0.

    A convolution whose kernels copy the middle pixel, with the whitening folded into them.
    """
    copying = torch.zeros(3, 3, *KERNEL, dtype=torch.float64)
    copying[range(3), range(3), KERNEL[0] // 2, KERNEL[1] // 2] = 1
    mean, deconv = (torch.from_numpy(part).unsqueeze(0) for part in (whitening.mean, whitening.deconv))
    weight, bias = fold_into_weight(copying, None, mean, deconv)
    return F.conv2d(as_input(photograph.pixels), weight, bias)[0].permute(1, 2, 0).numpy()


def visible(values: np.ndarray) -> np.ndarray:
    """Values around 0 as uint8 around mid grey; one scale for all channels, the most extreme values cut off."""
    reach = np.percentile(np.abs(values), SPREAD)
    return np.round(127.5 + 127.5 * np.clip(values / reach, -1, 1)).astype(np.uint8)


def jpeg(pixels: np.ndarray, limit: int = LIMIT) -> bytes:
    """A JPEG file of at most `limit` bytes, in the best quality that fits.

    Args:
        pixels: uint8, (h, w, 3).

    Raises:
        ValueError: it does not fit even in the lowest quality.
    """
    from PIL import Image  # noqa: PLC0415 - only for those who want pictures

    image = Image.fromarray(pixels)
    for quality in range(85, 5, -10):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= limit:
            return file.getvalue()
    raise ValueError(f"a picture of {pixels.shape[1]} × {pixels.shape[0]} pixels does not fit into {limit} bytes")
