"""The values that the two papers published, from `runs/published/` (data dictionary: the README beside the files)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pandas as pd

from ndcore.errors import UserError
from ndcore.evidence.cells import read_cells
from ndcore.evidence.networks import ATTEMPTS, EPOCHS, NETWORKS
from ndcore.records import Problem


@dataclass(frozen=True)
class PublishedFile:
    """What one CSV file of published values may hold: one value per row, and which value it is."""

    name: str
    columns: Mapping[str, str]
    """Names, in their order, and pandas types."""
    allowed: Mapping[str, frozenset]
    """For columns that know a few values only: these; an attempt may be missing."""
    range: tuple[float, float]
    """Lowest and highest `value`."""
    what: str
    """What a value is, for the complaint about one outside its range."""

    def empty(self) -> pd.DataFrame:
        """The table without rows."""
        return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in self.columns.items()})


KEY = ["study", "dataset", "arch", "norm", "epochs", "attempt", "metric"]
"""Together these name a value; no two rows agree in all of them."""
SETTING = {"study": "string", "dataset": "string", "arch": "string", "norm": "string", "epochs": "int64"}
SETTINGS_ALLOWED = {
    "dataset": frozenset({"cifar10", "cifar100"}),
    "arch": frozenset(network.arch for network in NETWORKS),
    "norm": frozenset({"bn", "nd"}),
    "epochs": frozenset(EPOCHS),
    "attempt": frozenset(ATTEMPTS),
}
MEASUREMENT = {"metric": "string", "value": "float64", "unit": "string", "source": "string"}

ACCURACIES = PublishedFile(
    name="accuracies.csv",
    columns=SETTING | {"attempt": "Int64", "split": "string", "split_evidence": "string"} | MEASUREMENT,
    allowed=SETTINGS_ALLOWED
    | {
        "study": frozenset({"original", "re"}),
        "split": frozenset({"", "train", "test"}),
        "metric": frozenset({"top1"}),
        "unit": frozenset({"percent"}),
    },
    range=(0, 100),
    what="a percentage",
)
"""Tables 4 and 5 of the second study and the attempts behind them: top-1 accuracies in percent."""

TIMES = PublishedFile(
    name="times.csv",
    columns=SETTING | {"attempt": "Int64"} | MEASUREMENT,
    allowed=SETTINGS_ALLOWED
    | {
        "study": frozenset({"re"}),
        "metric": frozenset({"train_seconds", "test_seconds"}),
        "unit": frozenset({"seconds"}),
    },
    range=(1e-3, inf),
    what="a time in seconds",
)
"""Tables 8 and 9 of the second study and the attempts behind them: seconds of training and of testing."""

COLUMNS = ACCURACIES.columns


def empty(file: PublishedFile = ACCURACIES) -> pd.DataFrame:
    """A table of published values without rows."""
    return file.empty()


def read(file: PublishedFile, folder: Path) -> pd.DataFrame:
    """Read a file of published values: one row per value.

    `attempt` is missing for a value as printed in a table and 1, 2 or 3 for a single run. Text that is empty in the
    file is an empty string.

    Raises:
        UserError: the file is missing, has other columns, a value of the wrong type or range, or a row twice.
    """
    path = folder / file.name
    raw = read_cells(path, list(file.columns))
    frame = raw.assign(attempt=raw["attempt"].replace("", pd.NA))
    try:
        frame = frame.astype(dict(file.columns))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} holds a value of the wrong type: {error}") from None
    for column, allowed in file.allowed.items():
        wrong = frame.loc[~(frame[column].isin(allowed) | frame[column].isna()), column]
        if len(wrong):
            known = ", ".join(map(repr, sorted(allowed)))
            raise UserError(f"{path} line {wrong.index[0] + 2}: {column} is {wrong.tolist()[0]!r}, not one of {known}")
    outside = frame.loc[~(frame["value"].between(*file.range) & (frame["value"] < inf)), "value"]
    if len(outside):
        raise UserError(f"{path} line {outside.index[0] + 2}: {outside.iloc[0]} is not {file.what}")
    twice = frame.index[frame.duplicated(KEY)]
    if len(twice):
        raise UserError(f"{path} line {twice[0] + 2}: this value is there twice")
    return frame


def load(file: PublishedFile, folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """The published values; no rows, and the reason, if the file is missing or damaged. Never raises for that."""
    try:
        return read(file, folder), []
    except UserError as error:
        return file.empty(), [Problem(f"published/{file.name}", str(error))]


def read_accuracies(folder: Path) -> pd.DataFrame:
    """`accuracies.csv`: one row per published top-1 accuracy, in percent. Raises as `read` does."""
    return read(ACCURACIES, folder)


def load_accuracies(folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """`accuracies.csv`, or no rows and the reason."""
    return load(ACCURACIES, folder)
