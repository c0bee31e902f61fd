"""What this report used: every entry is read from the defaults, from our records or from the installed packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from ndcore.experiment.config import RunConfig
from ndcore.experiment.provenance import versions
from ndcore.experiment.records import RunRecord
from ndcore.study import EPOCHS
from ndreport.evidence.runs import STUDY_DATASETS
from ndreport.material import Material
from ndreport.rendering.links import RUNS_PAGE
from ndreport.rendering.prose import listing
from ndreport.rendering.values import NOT_RUN, Value, missing, word

DEFAULTS = "the defaults of ndcore.experiment.config.RunConfig"
COUNTED = "counted in the records in runs/"
PACKAGES = {
    "PyTorch": "torch", "torchvision": "torchvision", "NumPy": "numpy", "SciPy": "scipy", "Matplotlib": "matplotlib",
}  # fmt: skip


def own_entry(material: Material, topic: str, item: str) -> Value:
    """What this report used for an item of setup.csv."""
    return (OWN_ENTRIES.get((topic, item)) or OWN_ENTRIES[topic, None])(material, item)


def _setting(text: Callable[[RunConfig], str]) -> Callable[[Material, str], Value]:
    config = RunConfig.parse({"arch": "vgg16", "norm": "nd", "dataset": "cifar10", "epochs": EPOCHS[0]})
    return lambda material, item: word(text(config), DEFAULTS)


def _always(text: str, note: str) -> Callable[[Material, str], Value]:
    return lambda material, item: word(text, note)


def _not_run(material: Material, item: str) -> Value:
    return missing(NOT_RUN, "no record of ImageNet in runs/")


def _study_records(material: Material) -> list[RunRecord]:
    return [r for r in material.complete if r.config.dataset in STUDY_DATASETS]


def _from_records(text: Callable[[Sequence[RunRecord]], str]) -> Callable[[Material, str], Value]:
    def value(material: Material, item: str) -> Value:
        records = _study_records(material)
        return word(text(records), COUNTED, RUNS_PAGE) if records else missing(NOT_RUN, "no CIFAR record in runs/")

    return value


def _distinct(items: Iterable[object]) -> str:
    return listing(sorted(set(map(str, items))))


def _package(material: Material, item: str) -> Value:
    if item not in PACKAGES:
        return word("not used", "nothing in this project imports it")
    name = PACKAGES[item]
    used = {r.environment.packages.get(name) for r in _study_records(material)} - {None}
    if used:
        return word(_distinct(used), "in the records of our CIFAR runs", RUNS_PAGE)
    return word(versions([name])[name], "in the environment of this build; the runs do not need it")


def _gibibytes(records: Sequence[RunRecord]) -> str:
    peaks = [r.peak_memory_bytes / 2**30 for r in records]
    return f"{median(peaks):.1f} GiB in the median run, {max(peaks):.1f} GiB at most"


def _images(dataset: str) -> Callable[[Sequence[RunRecord]], str]:
    def text(records: Sequence[RunRecord]) -> str:
        data = {(r.data.train_images, r.data.test_images) for r in records if r.config.dataset == dataset}
        return listing(f"{train + test:,} images, {train:,} for training" for train, test in sorted(data)) + CHECKED

    return text


def _runs_per_setting(records: Sequence[RunRecord]) -> str:
    settings = [(r.config.dataset, r.config.arch, r.config.norm, r.config.epochs) for r in records]
    counts = sorted({settings.count(setting) for setting in settings})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


CHECKED = "; content checked by SHA-256"
OWN_ENTRIES: dict[tuple[str, str | None], Callable[[Material, str], Value]] = {
    ("Scope", "networks, CIFAR"): _from_records(lambda records: str(len({r.config.arch for r in records}))),
    ("Scope", "networks, ImageNet"): _not_run,
    ("Scope", "lengths of training, CIFAR (epochs)"): _from_records(
        lambda records: ", ".join(map(str, sorted({r.config.epochs for r in records})))
    ),
    ("Scope", "runs per setting, CIFAR"): _from_records(_runs_per_setting),
    ("Scope", "runs per setting, ImageNet"): _not_run,
    ("Scope", "what the accuracy was measured on"): _always(
        "training and test, recorded apart", "ndcore.experiment.records: every epoch of a record"
    ),
    ("Hyper-parameters, CIFAR", "optimizer"): _always("SGD", "ndcore.training"),
    ("Hyper-parameters, CIFAR", "learning rate"): _setting(lambda c: str(c.lr)),
    ("Hyper-parameters, CIFAR", "schedule"): _always("cosine to 0, after every step", "ndcore.training"),
    ("Hyper-parameters, CIFAR", "momentum"): _setting(lambda c: str(c.momentum)),
    ("Hyper-parameters, CIFAR", "weight decay"): _setting(lambda c: str(c.weight_decay)),
    ("Hyper-parameters, CIFAR", "batch size"): _setting(lambda c: str(c.batch_size)),
    ("Hyper-parameters, CIFAR", "sampling stride"): _setting(lambda c: str(c.sampling_stride)),
    ("Hyper-parameters, CIFAR", "seeds"): _from_records(
        lambda records: ", ".join(map(str, sorted({r.config.seed for r in records})))
    ),
    ("Hyper-parameters, CIFAR", "augmentation"): _always(
        "random crop with 4 pixels of padding, flip", "ndcore.data.batches, tested against torchvision"
    ),
    ("Hyper-parameters, ImageNet", None): _not_run,
    ("Data", "CIFAR-10"): _from_records(_images("cifar10")),
    ("Data", "CIFAR-100"): _from_records(_images("cifar100")),
    ("Data", "ImageNet"): _not_run,
    ("Hardware", "accelerator, CIFAR"): _from_records(
        lambda records: _distinct(r.environment.device if r.environment.device != "cpu" else "none" for r in records)
    ),
    ("Hardware", "accelerator, ImageNet"): _not_run,
    ("Hardware", "CPU"): _from_records(lambda records: _distinct(r.environment.cpu for r in records)),
    ("Hardware", "memory"): _from_records(_gibibytes),
    ("Hardware", "disk"): _always("about 6 GB, nearly all of it PyTorch", "README, section Start"),
    ("Software", "operating system"): _from_records(lambda records: _distinct(r.environment.platform for r in records)),
    ("Software", "Python"): _from_records(lambda records: _distinct(r.environment.python for r in records)),
    ("Software", "job scheduler"): _always("none needed", "a run is one process"),
    ("Software", None): _package,
    ("Recommended minimum", "GPU memory, CIFAR"): _always("no GPU needed", "every record so far comes from a CPU"),
    ("Recommended minimum", "GPU memory, ImageNet"): _not_run,
    ("Recommended minimum", "CPU"): _always("any that PyTorch runs on", "README, section Start"),
    ("Recommended minimum", "memory"): _from_records(_gibibytes),
    ("Recommended minimum", "disk"): _always("about 6 GB, nearly all of it PyTorch", "README, section Start"),
}
"""What this report used, by topic and item; an item of `None` stands for every other one of its topic."""

REASONS = {
    ("Scope", "networks, CIFAR"): "what CPUs could run so far",
    ("Scope", "lengths of training, CIFAR (epochs)"): "what CPUs could run so far",
    ("Scope", "runs per setting, CIFAR"): "what CPUs could run so far",
    ("Scope", "what the accuracy was measured on"): "the two must never be mixed up",
    ("Hyper-parameters, CIFAR", "seeds"): "a repeat of one seed says nothing about initialisation and order",
    ("Data", "CIFAR-10"): "counted, not quoted; the fingerprint proves the content",
    ("Data", "CIFAR-100"): "counted, not quoted; the fingerprint proves the content",
    ("Hardware", "accelerator, CIFAR"): "no GPU was at hand; the results do not depend on one",
    ("Hardware", "CPU"): "another machine",
    ("Hardware", "memory"): "measured need, not what the machine has",
    ("Hardware", "disk"): "need, not what the machine has",
    ("Software", "operating system"): "another machine",
    ("Software", "job scheduler"): "single runs",
    ("Recommended minimum", "GPU memory, CIFAR"): "one epoch is within reach of a CPU",
    ("Recommended minimum", "CPU"): "nothing depends on the processor",
    ("Recommended minimum", "memory"): "measured",
    ("Recommended minimum", "disk"): "without ImageNet",
} | {("Software", item): "the versions of the lock file" for item in ("Python", *PACKAGES)}
REASONS |= {("Software", item): "nothing here needs it" for item in ("TensorBoard", "TensorFlow")}
