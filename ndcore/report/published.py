"""The values that the two papers published, from `runs/published/` (data dictionary: the README beside the files)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ndcore.errors import UserError
from ndcore.records import Problem

ACCURACIES = "accuracies.csv"

COLUMNS = {
    "study": "string",
    "dataset": "string",
    "arch": "string",
    "norm": "string",
    "epochs": "int64",
    "attempt": "Int64",
    "split": "string",
    "split_evidence": "string",
    "metric": "string",
    "value": "float64",
    "unit": "string",
    "source": "string",
}
ALLOWED = {
    "study": {"original", "re"},
    "dataset": {"cifar10", "cifar100"},
    "norm": {"bn", "nd"},
    "epochs": {1, 20, 100},
    "split": {"", "train", "test"},
    "metric": {"top1"},
    "unit": {"percent"},
}
KEY = ["study", "dataset", "arch", "norm", "epochs", "attempt", "metric"]


def empty() -> pd.DataFrame:
    """A table of published values without rows."""
    return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in COLUMNS.items()})


def read_accuracies(folder: Path) -> pd.DataFrame:
    """Read `accuracies.csv`: one row per published top-1 accuracy, in percent.

    `attempt` is missing for a value as printed in a table and 1, 2 or 3 for a single run. Text that is empty in the
    file is an empty string.

    Raises:
        UserError: the file is missing, has other columns, a value of the wrong type or range, or a row twice.
    """
    path = folder / ACCURACIES
    try:
        raw = pd.read_csv(path, dtype="string", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as CSV: {error}") from None
    if list(raw.columns) != list(COLUMNS):
        raise UserError(f"{path} has the columns {', '.join(raw.columns)}; expected are {', '.join(COLUMNS)}")
    frame = raw.assign(attempt=raw["attempt"].replace("", pd.NA))
    try:
        frame = frame.astype(COLUMNS)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} holds a value of the wrong type: {error}") from None
    for column, allowed in ALLOWED.items():
        wrong = frame.loc[~frame[column].isin(allowed), column]
        if len(wrong):
            known = ", ".join(map(repr, sorted(allowed)))
            raise UserError(f"{path} line {wrong.index[0] + 2}: {column} is {wrong.iloc[0]!r}, not one of {known}")
    outside = frame.loc[~frame["value"].between(0, 100), "value"]
    if len(outside):
        raise UserError(f"{path} line {outside.index[0] + 2}: {outside.iloc[0]} is not a percentage")
    twice = frame.index[frame.duplicated(KEY)]
    if len(twice):
        raise UserError(f"{path} line {twice[0] + 2}: this value is there twice")
    return frame


def load_accuracies(folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """The published accuracies; no rows, and the reason, if the file is missing or damaged. Never raises for that."""
    try:
        return read_accuracies(folder), []
    except UserError as error:
        return empty(), [Problem(f"published/{ACCURACIES}", str(error))]
