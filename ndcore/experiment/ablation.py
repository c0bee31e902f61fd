"""The ablation: what each approximation of a deconvolution costs, one factor at a time around the exact default.

The runs share a budget: one network, one data set, few training images. Default and batch normalisation are run with
several seeds, which shows how much of a difference is noise; every other value is run with seed 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ndcore.errors import RunFailed, UserError, unknown_name
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import ablation_folder
from ndcore.numbers import require_whole


@dataclass(frozen=True)
class Factor:
    """One option of a deconvolution and the values that are tried."""

    field: str
    """Its name in `RunConfig`."""
    name: str
    """What it is, in words."""
    values: tuple[int, ...]
    """Ascending; the default is among them."""

    @property
    def default(self) -> int:
        return RunConfig.model_fields[self.field].default


FACTORS = (
    Factor("update_every", "steps per update (k)", (1, 2, 4, 8, 16)),
    Factor("sampling_stride", "sampling stride", (1, 2, 3, 6)),
    Factor("block", "channels per block", (16, 32, 64)),
    Factor("n_iter", "Newton–Schulz iterations", (3, 4, 5, 8)),
)
MOST_SEEDS = 1_000


@dataclass(frozen=True)
class Budget:
    """What all runs of an ablation have in common.

    Raises:
        UserError: a value of the wrong type or range, or a name that is not known.
    """

    arch: str = "resnet18d"
    dataset: str = "cifar10"
    epochs: int = 1
    train_images: int | None = 6_400
    """The first so many training images in canonical order; None: all."""
    seeds: int = 3
    """Seeds of the default and of batch normalisation: 0, 1, …"""

    def __post_init__(self) -> None:
        self.config()
        require_whole("seeds", self.seeds, 1, MOST_SEEDS)

    def config(self, norm: str = "nd", seed: int = 0, **options: int) -> RunConfig:
        """A run within this budget."""
        common = {name: getattr(self, name) for name in ("arch", "dataset", "epochs", "train_images")}
        return RunConfig.parse({**common, "norm": norm, "seed": seed, **options})

    def across_seeds(self, norm: str) -> list[RunConfig]:
        """The default ("nd") or batch normalisation ("bn") with every seed."""
        return [self.config(norm, seed) for seed in range(self.seeds)]

    def variations(self, factor: Factor) -> dict[int, RunConfig]:
        """The run of each value of a factor, the default included, all with seed 0."""
        return {value: self.config(**{factor.field: value}) for value in factor.values}


def plan(budget: Budget, factors: Sequence[Factor] = FACTORS) -> list[RunConfig]:
    """Every run of an ablation once: batch normalisation, the default, then factor by factor."""
    varied = (config for factor in factors for config in budget.variations(factor).values())
    return list(dict.fromkeys((*budget.across_seeds("bn"), *budget.across_seeds("nd"), *varied)))


def choose_factors(names: str) -> list[Factor]:
    """The factors of that name, separated by commas, in the order of `FACTORS`.

    Raises:
        UserError: one of them is not known, or none is named.
    """
    known = {factor.field: factor for factor in FACTORS}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise UserError(unknown_name("factor", name, known))
    return [factor for factor in FACTORS if factor.field in wanted]


def perform(
    budget: Budget, factors: Sequence[Factor] = FACTORS, *, runs: Path | None = None, **options: Any
) -> list[str]:
    """Perform every run that has no record yet, one after the other, each in a process of its own.

    Shows a progress bar. An interrupted ablation goes on where it was.

    Args:
        runs: folder of the records; None: `runs/ablation/`.
        options: `data_root` and `device` of `ndcore.experiment.runner.run`.

    Returns:
        One line for every run that failed; the others are performed nevertheless.

    Raises:
        UserError: something that was asked for cannot be done at all.
    """
    from tqdm import tqdm  # noqa: PLC0415 - with torch and papermill behind the next line; a page needs none of them

    from ndcore.experiment.runner import run  # noqa: PLC0415

    failures = []
    for config in tqdm(plan(budget, factors), desc="runs of the ablation", file=sys.stderr, ncols=110):
        try:
            run(config, runs=runs or ablation_folder(), **options)
        except RunFailed as error:
            failures.append(str(error))
    return failures
