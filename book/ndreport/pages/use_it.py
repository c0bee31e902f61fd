"""What the page "Use it in your model" needs besides the package itself: images, and an ordinary training loop."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def digits() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Training and test split of the embedded digits: images (n, 3, 32, 32) around 0, and labels (n)."""
    from ndcore.data import digits as data  # noqa: PLC0415 - scikit-learn, only for those who want the digits

    splits = data.make()
    return tuple(_tensors(splits[name]) for name in ("train", "test"))


def _tensors(split) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).float() / 128 - 1  # (n, 3, 32, 32)
    return images.contiguous(), torch.from_numpy(split.labels.astype(np.int64))


def train(
    model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int = 1, batch_size: int = 64, lr: float = 0.05
) -> list[float]:
    """Plain SGD with momentum 0.9; nothing in it knows of deconvolution. Returns the loss of every step.

    Args:
        model: changed in place.
        images: (n, c, h, w).
        labels: (n).
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(batch_size):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@torch.inference_mode()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images that a model puts into the right class, in evaluation mode, 0 to 1."""
    predicted = torch.cat([model.eval()(part).argmax(1) for part in images.split(256)])  # (n)
    return (predicted == labels).float().mean().item()
