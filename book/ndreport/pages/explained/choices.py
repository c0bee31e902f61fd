"""The table of what the choices of a layer change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ndreport.pages.explained.iterations import COMPUTED
from ndreport.rendering.columns import Column, view
from ndreport.rendering.html import Html, table
from ndreport.rendering.prose import scientific

if TYPE_CHECKING:
    from ndreport.explained.practice import Change

KINDS = {"as it is": "moved", "apart from a factor": "apart_from_scale"}


def changes_view(changes: Sequence[Change]) -> pd.DataFrame:
    """Cells of the table of choices, in percent."""
    columns = [
        Column(
            (kind, name),
            lambda change, field=field, name=name: 100 * getattr(change, field)[name],
            note=COMPUTED.format(name=name, module="practice"),
            show=scientific,
        )
        for kind, field in KINDS.items()
        for name in changes[0].moved
    ]
    return view(changes, columns, "{what}")


def changes_table(changes: Sequence[Change]) -> Html:
    """How far the whitening matrix moves if one choice is changed."""
    caption = (
        "How far the whitening matrix D moves, in percent of its norm, if one thing is done differently. The "
        "comparison is with all patches of the photograph, without padding, in double precision."
    )
    return table(changes_view(changes), caption, "choices", "Done differently")
