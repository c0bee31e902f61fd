"""What makes a training step fast without changing what it computes: memory format, optimiser, threads, allocator."""

from __future__ import annotations

import ctypes
import platform

import torch
from torch import Tensor, nn

from ndcore.layers import FastDeconv
from ndcore.machine import usable_cores

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Parameters of glibc's `mallopt`."""
FUSED = ("cpu", "cuda", "mps")
"""Devices on which `torch.optim.SGD` updates all parameters in one kernel."""


def memory_format(device: torch.device) -> torch.memory_format:
    """How activations lie in memory.

    On a CPU channels last, which made the BN step of every network of the study faster (`ndcore bench`); elsewhere
    PyTorch's default, because float32 convolutions of CUDA prefer it.
    """
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format


def prepare_model(model: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to the device, in the memory format of that device.

    The weight of a `FastDeconv` keeps its filters in one piece each: it is multiplied as a matrix in every step, and
    what the convolution gets is the product.
    """
    model = model.to(device, memory_format=memory_format(device))
    for layer in model.modules():
        if isinstance(layer, FastDeconv):
            layer.weight.data = layer.weight.data.contiguous()
    return model


def prepare_images(images: Tensor, device: torch.device) -> Tensor:
    """Move images (n, c, h, w) to the device, in the memory format of that device."""
    return images.to(device, memory_format=memory_format(device), non_blocking=True)


def make_optimizer(model: nn.Module, lr: float, momentum: float, weight_decay: float) -> torch.optim.SGD:
    """SGD over all parameters of a network, in one kernel where the device has it."""
    parameters = list(model.parameters())
    fused = all(p.device.type in FUSED for p in parameters)
    return torch.optim.SGD(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, fused=fused)


def limit_threads() -> None:
    """Use no more threads than this process may use cores.

    PyTorch counts the cores of the machine that its affinity allows. In a container or a job with a share of a large
    machine that is many more than it gets, and threads that wait for each other cost more than they bring.

    The number is set even if it stays the same: only then is MKL kept from using fewer where it finds fewer cores.
    """
    torch.set_num_threads(min(torch.get_num_threads(), usable_cores()))


def keep_freed_memory() -> None:
    """Let glibc keep what tensors free, instead of returning it to the system after every operation.

    A step allocates and frees the same large blocks over and over. By default each comes fresh from the system, which
    clears it page by page: up to half the time of a step of a network with large maps. Does nothing elsewhere.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, -1)  # never
