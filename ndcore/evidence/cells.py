"""The cells of a CSV file as text, before anything is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ndcore.errors import UserError


def read_cells(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Every cell as it is written; one that is empty is an empty string. Row `i` of the table is line `i + 2`.

    Raises:
        UserError: the file is missing, no CSV, or has other columns.
    """
    try:
        cells = pd.read_csv(path, dtype="string", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as CSV: {error}") from None
    if list(cells.columns) != list(columns):
        raise UserError(f"{path} has the columns {', '.join(cells.columns)}; expected are {', '.join(columns)}")
    return cells
