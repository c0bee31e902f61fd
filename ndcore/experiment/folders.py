"""Where things lie in a checkout."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndcore.experiment.config import RunConfig

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout; where ndcore is installed without one, the folder that holds the package."""
NOTEBOOK = PROJECT / "notebooks" / "cifar.ipynb"
"""The notebook that performs a CIFAR run."""
CHECKPOINT_SECONDS = "NDCORE_CHECKPOINT_SECONDS"
"""Environment variable: seconds between two checkpoints within an epoch; 300 if it is not set."""


def given_path(text: str) -> Path:
    """A path from a command line. An empty one, as of a variable that is not set, would be the working directory.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def runs_folder(start: Path | None = None) -> Path:
    """The folder `runs/`: `NDCORE_RUNS` if set, else the nearest one at or above `start`, else that of the checkout.

    `start` is the working directory unless given. The result may not exist; readers of the folder then say so.
    """
    if chosen := os.environ.get("NDCORE_RUNS"):
        return Path(chosen)
    start = start or Path.cwd()
    for folder in (start, *start.parents):
        if (folder / "runs" / "published").is_dir():
            return folder / "runs"
    return PROJECT / "runs"


def ablation_folder(start: Path | None = None) -> Path:
    """The folder of the ablation's records, within `runs_folder(start)` and apart from the evidence of the tables."""
    return runs_folder(start) / "ablation"


def citations_folder(start: Path | None = None) -> Path:
    """The folder of labelled citation contexts, within `runs_folder(start)`; their texts lie in its `cache/` only."""
    return runs_folder(start) / "citations"


def record_path(config: RunConfig, runs: Path) -> Path:
    """Where the record of a complete run lies."""
    return runs / f"{config.run_id}.json"


def work_folder(config: RunConfig, runs: Path) -> Path:
    """Checkpoint and unfinished notebook of a run."""
    return runs / "work" / config.run_id


def checkpoint_path(config: RunConfig, runs: Path) -> Path:
    """Where an unfinished run keeps its state."""
    return work_folder(config, runs) / "checkpoint.pt"
