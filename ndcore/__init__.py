"""Network deconvolution and its reproducibility study as an executable report.

Importing this package loads nothing heavy: what needs torch is imported by those who use it, and the functions below at
their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndcore.layers.recalibration import recalibrate
    from ndcore.surgery import deconvolve, fold

__version__ = "0.1.0"
__all__ = ["deconvolve", "fold", "recalibrate"]
_MODULES = {"deconvolve": "ndcore.surgery", "fold": "ndcore.surgery", "recalibrate": "ndcore.layers.recalibration"}
_PARTS = ("layers", "models")


def __getattr__(name: str) -> Any:
    """Import torch only for those who ask for something that needs it (PEP 562)."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    if name in _PARTS:
        return import_module(f"ndcore.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PARTS})
