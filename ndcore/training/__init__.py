"""Training by the recipe of the study: device, loop, measurement and checkpoints.

Importing this package loads nothing heavy; torch comes with the first use of a name below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndcore.training.device import prepare_device
    from ndcore.training.trainer import TrainingFailed, TrainingResult, build_model, train

__all__ = ["TrainingFailed", "TrainingResult", "build_model", "prepare_device", "train"]


def __getattr__(name: str) -> Any:
    """Import torch only for those who train (PEP 562): records are read without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "device" if name == "prepare_device" else "trainer"
    return getattr(import_module(f"ndcore.training.{module}"), name)
