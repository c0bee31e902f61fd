"""What a training has to know of the run that it belongs to; `ndcore.experiment.config.RunConfig` has it."""

from __future__ import annotations

from typing import Any, Protocol


class Recipe(Protocol):
    """The numbers of a training, which only reads them; what each means is said in `RunConfig`."""

    run_id: str
    arch: str
    norm: str
    epochs: int
    seed: int
    batch_size: int
    lr: float
    momentum: float
    weight_decay: float
    precision: str

    def deconvolution(self) -> dict[str, Any]:
        """What differs from the usual deconvolution, as `ndcore.models.create` takes it."""
