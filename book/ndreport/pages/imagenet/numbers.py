"""The numbers in the sentences of the page on ImageNet."""

from __future__ import annotations

from math import nan

import pandas as pd

from ndreport.evidence.imagenet import VALIDATION_IMAGES, binomial_error, imagenet_gains, imagenet_values
from ndreport.evidence.rules import RULES, THRESHOLD, comparisons, rule_counts
from ndreport.evidence.splits import is_share_of
from ndreport.material import Material
from ndreport.pages.claim.numbers import imagenet_numbers
from ndreport.rendering.prose import of_our_runs, percent, points, span


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    values = imagenet_values(material.published)
    over_bn = imagenet_gains(values).query("baseline == 'bn'")
    compared = comparisons(material.published)
    here, single = compared[compared["dataset"] == "imagenet"], values["single"]
    zoo = values.dropna(subset=["zoo_error"])
    return {
        "ahead": f"{imagenet_numbers(material.published).get('imagenet_reproduced', nan)} networks",
        "own_runs": of_our_runs(sum(r.config.dataset == "imagenet" for r in material.records)),
        "values": len(values),
        "images": f"{VALIDATION_IMAGES:,}",
        "step": f"{100 / VALIDATION_IMAGES:g}",
        "shares": sum(is_share_of(value, VALIDATION_IMAGES) for value in single),
        "odds": f"{2 ** len(single):,}",
        "baselines": len(zoo),
        "from_zoo": int(zoo["from_zoo"].sum()),
        "retrained": span(zoo["single"] - zoo["original"]),
        "comparisons": len(over_bn),
        **{f"{g.arch}_{g.metric}_{of}": points(getattr(g, of)) for g in over_bn.itertuples() for of in STUDIES},
        "error": span(single.map(binomial_error), _error),
        "least": span(over_bn["least_error"], _error),
        "independent": span(over_bn["independent_error"], _error),
        "threshold": percent(THRESHOLD, 0),
        "threshold_points": f"{THRESHOLD:g}",
        **{f"{rule}_{verdict}": n for rule in (*RULES, "printed") for verdict, n in rule_counts(here, rule).items()},
        **_colours(compared),
    }


STUDIES = ("original", "reproduced")


def _error(error: float) -> str:
    return f"{error:.3f}"


def _colours(compared: pd.DataFrame) -> dict[str, object]:
    """How many printed colours follow which reading, and the values whose colour is not that of the absolute one."""
    agree = {rule: compared["printed"] == compared[rule] for rule in RULES}
    found = {
        "colours": len(compared),
        "all_relative": int(agree["relative"].sum()),
        "all_absolute": int(agree["absolute"].sum()),
    }
    for row in compared[~agree["absolute"]].itertuples():
        values = f"{percent(row.reproduced)} for {percent(row.original)} ({points(row.difference)} points)"
        found[f"{row.arch}_{row.norm}_colour"] = values
    return found
