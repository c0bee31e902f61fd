"""The margin of equivalence, stated beforehand in a file that people read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from ndcore import foreign
from ndcore.problems import Problem
from ndreport.evidence.yaml_files import read_yaml

FILE = "equivalence.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule(_Strict):
    quantity: Literal["original_mean_gain"]
    fraction: float = Field(gt=0, allow_inf_nan=False)


class Margin(_Strict):
    """Contents of `runs/published/equivalence.yaml`: half of what, and the level of each one-sided test."""

    margin: _Rule
    alpha: float = Field(gt=0, lt=0.5)

    def points(self, original_gains: pd.Series) -> float:
        """The margin in percentage points: the stated fraction of the original's mean gain over the networks."""
        return self.margin.fraction * abs(float(original_gains.mean()))


def load_margin(folder: Path) -> tuple[Margin | None, list[Problem]]:
    """The margin; None, and the reason, if its file is missing or damaged. Never raises for that.

    Args:
        folder: `runs/published`.
    """
    try:
        document = read_yaml(folder / FILE)
    except ValueError as error:
        return None, [Problem(f"published/{FILE}", f"cannot be read as YAML: {error}")]
    try:
        return foreign.validated(Margin, document), []
    except ValueError as error:
        return None, [Problem(f"published/{FILE}", f"does not state a margin: {error}")]
