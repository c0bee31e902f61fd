"""The values that the two papers published, from `runs/published/` (data dictionary: the README beside the files)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path

import pandas as pd

from ndcore.problems import Problem
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS
from ndreport.evidence.csv_files import PublishedFile, load

KEY = ("study", "dataset", "arch", "norm", "epochs", "attempt", "metric")
SETTING = ["dataset", "arch", "norm", "epochs"]
"""The columns that name a cell of Tables 4 to 9."""
PLACE = dict.fromkeys(("study", "dataset", "arch", "norm"), "string") | {"epochs": "int64"}
RUN = PLACE | {"attempt": "Int64"}
"""An attempt is missing where a value is the printed one, not that of a single run."""
MEASUREMENT = {"metric": "string", "value": "float64", "unit": "string", "source": "string"}
CIFAR = {
    "dataset": frozenset({"cifar10", "cifar100"}),
    "arch": frozenset(network.arch for network in NETWORKS),
    "norm": frozenset({"bn", "nd"}),
    "epochs": frozenset(EPOCHS),
    "attempt": frozenset(ATTEMPTS),
}
IMAGENET_NETWORKS = {"vgg11": "VGG-11", "resnet18": "ResNet-18", "densenet121": "DenseNet-121"}
"""Names in the files, and in Tables 6, 7 and 10."""
"""The same of Tables 4, 5, 8 and 9."""
METRICS = {"top1": "top-1", "top5": "top-5"}


def _only(**values: str) -> dict[str, frozenset]:
    """The values that a column may hold, separated by spaces."""
    return {column: frozenset(names.split(" ")) for column, names in values.items()}


ACCURACIES = PublishedFile(
    name="accuracies.csv",
    rows=600,
    columns=RUN | {"split": "string", "split_evidence": "string"} | MEASUREMENT,
    key=KEY,
    allowed=CIFAR | _only(study="original re", split=" train test", metric="top1", unit="percent"),
)
"""Tables 4 and 5 of the reproduction and the attempts behind them: top-1 accuracies in percent."""

TIMES = PublishedFile(
    name="times.csv",
    rows=840,
    columns=RUN | MEASUREMENT,
    key=KEY,
    allowed=CIFAR | _only(study="re", metric="train_seconds test_seconds", unit="seconds"),
)
"""Tables 8 and 9 of the reproduction and the attempts behind them: seconds of training and of testing."""

RECOVERED = PublishedFile(
    name="recovered.csv",
    rows=502,
    columns=RUN | {"split": "string", "flag": "string"} | MEASUREMENT,
    key=(*KEY, "split"),
    allowed=CIFAR
    | _only(study="re", split="train test", metric="top1 seconds parameters")
    | _only(unit="percent seconds parameters"),
)
"""What the reproduction's own logs printed, training and test apart: highest top-1 over the epochs, summed seconds."""

FIRST_VERSION = PublishedFile(
    name="first_version.csv",
    rows=358,
    columns=RUN | MEASUREMENT,
    key=KEY,
    allowed=CIFAR | _only(study="re", metric="top1", unit="percent"),
)
"""The attempts' accuracies as the first public version of the spreadsheet held them, with three decimals."""

IMAGENET = PublishedFile(
    name="imagenet.csv",
    rows=56,
    columns=RUN | MEASUREMENT,
    key=KEY,
    allowed=_only(study="original re", dataset="imagenet", norm="none bn nd", metric="top1 top5 total_seconds")
    | _only(arch=" ".join(IMAGENET_NETWORKS), unit="percent seconds")
    | {"epochs": frozenset({90}), "attempt": frozenset({1})},
)
"""Tables 6, 7 and 10 of the reproduction and the spreadsheet's values behind them."""

MODEL_ZOO = PublishedFile(
    name="model_zoo.csv",
    rows=8,
    columns=dict.fromkeys(("study", "dataset", "arch", "norm"), "string") | MEASUREMENT,
    key=("arch", "norm", "metric"),
    allowed=_only(study="torchvision", dataset="imagenet", norm="none bn", metric="top1_error top5_error")
    | _only(arch=" ".join(IMAGENET_NETWORKS), unit="percent"),
)
"""Error rates on ImageNet that torchvision's documentation gives for its trained networks."""

PRINTED_COLOURS = PublishedFile(
    name="colours.csv",
    rows=134,
    columns=PLACE | {"metric": "string", "colour": "string", "source": "string"},
    key=("dataset", "arch", "norm", "epochs", "metric"),
    allowed=_only(study="re", dataset="cifar10 cifar100 imagenet", norm="none bn nd", metric="top1 top5")
    | {"arch": CIFAR["arch"] | frozenset(IMAGENET_NETWORKS), "epochs": frozenset({*EPOCHS, 90})}
    | _only(colour="green black red"),
)
"""The colours in which Tables 4 to 7 of the reproduction print its reproduced values."""

NET_SIZES = PublishedFile(
    name="net_sizes.csv",
    rows=10,
    columns={"study": "string", "arch": "string"} | MEASUREMENT,
    key=("study", "arch", "metric"),
    allowed={"arch": CIFAR["arch"]} | _only(study="original", metric="parameters", unit="million"),
)
"""Parameters of the CIFAR networks as the original prints them."""

REPOSITORY = PublishedFile(
    name="repository.csv",
    rows=17,
    columns=dict.fromkeys(("study", "item", "name", "value", "source"), "string"),
    key=("study", "item", "name"),
    allowed=_only(study="re", item="seed learning_rate runs_as_released imported"),
)
"""What the reproduction's public scripts do, where its text says something about it."""

DESIGN = PublishedFile(
    name="design.csv",
    rows=16,
    columns={"study": "string", "dataset": "string", "norm": "string"} | MEASUREMENT,
    key=("dataset", "norm", "metric"),
    allowed={k: CIFAR[k] for k in ("dataset", "norm")}
    | _only(study="re", metric="networks epoch_settings attempts runs", unit="count"),
)
"""Table 2 of the reproduction: how many runs of what."""

SETUP = PublishedFile(
    name="setup.csv",
    rows=88,
    columns=dict.fromkeys(("study", "topic", "item", "entry", "source"), "string"),
    key=("study", "topic", "item"),
    allowed=_only(study="original re"),
)
"""Table 3 of the reproduction and its §4, beside what the original states: settings, data, hardware, software."""


@dataclass(frozen=True)
class Published:
    """Every file of published values as a table; one that could not be read has no rows."""

    accuracies: pd.DataFrame = field(default_factory=ACCURACIES.empty)
    times: pd.DataFrame = field(default_factory=TIMES.empty)
    recovered: pd.DataFrame = field(default_factory=RECOVERED.empty)
    first_version: pd.DataFrame = field(default_factory=FIRST_VERSION.empty)
    imagenet: pd.DataFrame = field(default_factory=IMAGENET.empty)
    model_zoo: pd.DataFrame = field(default_factory=MODEL_ZOO.empty)
    design: pd.DataFrame = field(default_factory=DESIGN.empty)
    setup: pd.DataFrame = field(default_factory=SETUP.empty)
    colours: pd.DataFrame = field(default_factory=PRINTED_COLOURS.empty)
    net_sizes: pd.DataFrame = field(default_factory=NET_SIZES.empty)
    repository: pd.DataFrame = field(default_factory=REPOSITORY.empty)

    @property
    def original(self) -> pd.DataFrame:
        """The rows of `accuracies` that the original prints."""
        return self.accuracies[self.accuracies["study"] == "original"]

    @property
    def averages(self) -> pd.DataFrame:
        """The rows of `accuracies` that the reproduction prints."""
        return self.accuracies.query("study == 're' and attempt.isna()")

    @property
    def attempts(self) -> pd.DataFrame:
        """The rows of `accuracies` behind these averages: the single runs of the spreadsheet."""
        return self.accuracies.query("study == 're' and attempt.notna()").astype({"attempt": "int64"})


def once(*tables: str) -> Callable[[Callable[[Published], pd.DataFrame]], Callable[[Published], pd.DataFrame]]:
    """Compute something from these tables once, however often it is asked for; everybody gets a copy.

    The function sees nothing but them, so that no other table can change what it gives.
    """

    def decorate(function: Callable[[Published], pd.DataFrame]) -> Callable[[Published], pd.DataFrame]:
        remembered: deque[tuple[list[pd.DataFrame], pd.DataFrame]] = deque(maxlen=8)

        @wraps(function)
        def remember(published: Published) -> pd.DataFrame:
            asked = [getattr(published, name) for name in tables]
            for known, result in remembered:
                if all(one is other for one, other in zip(known, asked, strict=True)):
                    return result.copy()
            result = function(Published(**dict(zip(tables, asked, strict=True))))
            remembered.append((asked, result))
            return result.copy()

        return remember

    return decorate


FILES = {
    file.name.removesuffix(".csv"): file
    for file in (
        *(ACCURACIES, TIMES, RECOVERED, FIRST_VERSION, IMAGENET, MODEL_ZOO),
        *(DESIGN, SETUP, PRINTED_COLOURS, NET_SIZES, REPOSITORY),
    )
}
"""The file of each table of `Published`."""


def load_all(folder: Path) -> tuple[Published, list[Problem]]:
    """Read every file of `runs/published/`; a missing or damaged one becomes a problem, never an exception."""
    found = {name: load(file, folder) for name, file in FILES.items()}
    tables = {name: table for name, (table, _) in found.items()}
    return Published(**tables), [problem for _, problems in found.values() for problem in problems]
