"""Table 10 of the reproduction: wall-clock times of its ImageNet runs, as printed and as the spreadsheet has them."""

from __future__ import annotations

import re
from math import nan

import pandas as pd

from ndreport.evidence.published import IMAGENET_NETWORKS

SECONDS = {"d": 86_400, "h": 3_600, "min": 60}
"""Units of the printed strings."""
NORMS = {"vgg11": ("none", "bn", "nd"), "resnet18": ("bn", "nd"), "densenet121": ("bn", "nd")}
"""What Table 10 has of every network."""


def printed_text(source: str) -> str:
    """The printed string that a source quotes: `1d,7h, 23min`; "" if it quotes none."""
    found = re.search(r'"([^"]*)"', source)
    return found[1] if found else ""


def parse(text: str) -> tuple[float, str]:
    """Seconds of a printed time in days, hours and minutes, and whatever of the string is none of these.

    `8 1d,11h, 48 min` gives 128,880 and "8". NaN if it has no such part.
    """
    part = re.compile(r"(\d+)\s*(d|h|min)\b,?")
    parts = part.findall(text)
    seconds = sum(int(number) * SECONDS[unit] for number, unit in parts) if parts else nan
    return seconds, " ".join(part.sub(" ", text).split())


def total_times(imagenet: pd.DataFrame) -> pd.DataFrame:
    """One row per network × norm of Table 10.

    Args:
        imagenet: `Published.imagenet`.

    Returns:
        `arch`, `label`, `norm`, `epochs`; `text`, the printed string, `stray`, what in it is no time; `printed`,
        `parsed` (the string) and `spreadsheet` in seconds, NaN where there is none; `over_bn`, the spreadsheet's time
        over that of BN; `source` of the spreadsheet's value, `printed_source`.
    """
    rows = imagenet[(imagenet["metric"] == "total_seconds") & (imagenet["study"] == "re")]
    cells = {(row.arch, row.norm, bool(pd.isna(row.attempt))): row for row in rows.itertuples()}
    found = []
    for arch, norm in ((arch, norm) for arch, norms in NORMS.items() for norm in norms):
        printed, single, bn = (cells.get(key) for key in ((arch, norm, True), (arch, norm, False), (arch, "bn", False)))
        text = printed_text(printed.source) if printed else ""
        parsed, stray = parse(text)
        seconds = single.value if single else nan
        found.append(
            {
                "arch": arch,
                "label": IMAGENET_NETWORKS[arch],
                "norm": norm,
                "epochs": single.epochs if single else nan,
                "text": text,
                "stray": stray,
                "printed": printed.value if printed else nan,
                "parsed": parsed,
                "spreadsheet": seconds,
                "over_bn": seconds / bn.value if bn else nan,
                "source": single.source if single else "",
                "printed_source": printed.source if printed else "",
            }
        )
    return pd.DataFrame(found)
