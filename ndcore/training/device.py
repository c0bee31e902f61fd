"""Which device a run uses, in which precision, and what is known about both."""

from __future__ import annotations

import torch

from ndcore.errors import UserError, unknown_name
from ndcore.machine import RESIDENT, peak_resident_bytes

DEVICES = ("auto", "cpu", "cuda", "mps")


def prepare_device(name: str, precision: str = "fp32") -> torch.device:
    """Choose a device and set the precision of its float32 products.

    Args:
        name: "auto" takes CUDA, else MPS, else the CPU.
        precision: as in `RunConfig`.

    Raises:
        UserError: the device is not known or not there, or cannot work in that precision.
    """
    if name not in DEVICES:
        raise UserError(unknown_name("device", name, DEVICES))
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there[name]:
        usable = ", ".join(kind for kind, usable in there.items() if usable)
        raise UserError(f"device {name!r} is not there: PyTorch {torch.__version__} sees {usable}; use --device auto")
    if precision == "tf32" and name != "cuda":
        raise UserError(f"precision 'tf32' exists on CUDA devices only, this run uses {name}: use --precision fp32")
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True  # as the original; it may choose kernels that differ from run to run
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """The model of a GPU, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def peak_memory(device: torch.device) -> tuple[int, str]:
    """Highest memory use so far, in bytes, and of what."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device), "CUDA allocator"
    return peak_resident_bytes(), RESIDENT
