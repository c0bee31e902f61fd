"""What this report used: every entry is read from the defaults, from our records or from the installed packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from ndcore.experiment.config import RunConfig
from ndcore.experiment.provenance import versions
from ndcore.experiment.records import RunRecord
from ndreport.evidence.runs import STUDY_DATASETS
from ndreport.material import Material
from ndreport.rendering.links import RUNS_PAGE
from ndreport.rendering.prose import listing
from ndreport.rendering.values import NOT_RUN, Value, missing, word

DEFAULTS = "the defaults of ndcore.experiment.config.RunConfig"
OF_STUDY = {"CIFAR": STUDY_DATASETS, "ImageNet": ("imagenet",)}
"""Data sets by the part of the study that they belong to."""
COUNTED = "counted in the records in runs/"
PACKAGES = {
    "PyTorch": "torch", "torchvision": "torchvision", "NumPy": "numpy", "SciPy": "scipy", "Matplotlib": "matplotlib",
}  # fmt: skip


def own_entry(material: Material, topic: str, item: str) -> Value:
    """What this report used for an item of setup.csv."""
    return (OWN_ENTRIES.get((topic, item)) or OWN_ENTRIES[topic, None])(material, item)


def _setting(name: str) -> Callable[[Material, str], Value]:
    return lambda material, item: word(RunConfig.model_fields[name].default, DEFAULTS)


def _always(text: str, note: str) -> Callable[[Material, str], Value]:
    return lambda material, item: word(text, note)


def _records_of(material: Material, study: str) -> list[RunRecord]:
    return [r for r in material.complete if r.config.dataset in OF_STUDY[study]]


def _from_records(text: Callable[[Sequence[RunRecord]], str], study: str = "CIFAR") -> Callable[[Material, str], Value]:
    def value(material: Material, item: str) -> Value:
        records = _records_of(material, study)
        if not records:
            return missing(NOT_RUN, f"no {'record of ImageNet' if study == 'ImageNet' else 'CIFAR record'} in runs/")
        return word(text(records), COUNTED, RUNS_PAGE)

    return value


def _distinct_field(name: str, study: str = "ImageNet") -> Callable[[Material, str], Value]:
    return _from_records(lambda records: _distinct(getattr(r.config, name) for r in records), study)


def _number_of_networks(records: Sequence[RunRecord]) -> str:
    return str(len({r.config.arch for r in records}))


def _accelerators(records: Sequence[RunRecord]) -> str:
    return _distinct(r.environment.device if r.environment.device != "cpu" else "none" for r in records)


def _gpu_memory(study: str) -> Callable[[Material, str], Value]:
    """None is needed where a record comes from a CPU; otherwise what the runs took at most."""

    def value(material: Material, item: str) -> Value:
        records = _records_of(material, study)
        on_cpu = [r for r in records if r.environment.device == "cpu"]
        if not on_cpu:
            return _from_records(_gibibytes, study)(material, item)
        note = "every record so far comes" if on_cpu == records else f"{len(on_cpu)} of {len(records)} records come"
        return word("no GPU needed", f"{note} from a CPU")

    return value


def _distinct(items: Iterable[object]) -> str:
    return listing(sorted(set(map(str, items))))


def _package(material: Material, item: str) -> Value:
    if item not in PACKAGES:
        return word("not used", "nothing in this project imports it")
    name = PACKAGES[item]
    used = {r.environment.packages.get(name) for r in _records_of(material, "CIFAR")} - {None}
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
DISK = _always("about 6 GB, nearly all of it PyTorch", "README, section Start")
OWN_ENTRIES: dict[tuple[str, str | None], Callable[[Material, str], Value]] = {
    ("Scope", "networks, CIFAR"): _from_records(_number_of_networks),
    ("Scope", "networks, ImageNet"): _from_records(_number_of_networks, "ImageNet"),
    ("Scope", "lengths of training, CIFAR (epochs)"): _from_records(
        lambda records: ", ".join(map(str, sorted({r.config.epochs for r in records})))
    ),
    ("Scope", "runs per setting, CIFAR"): _from_records(_runs_per_setting),
    ("Scope", "runs per setting, ImageNet"): _from_records(_runs_per_setting, "ImageNet"),
    ("Scope", "what the accuracy was measured on"): _always(
        "training and test, recorded apart", "ndcore.experiment.records: every epoch of a record"
    ),
    ("Hyper-parameters, CIFAR", "optimizer"): _always("SGD", "ndcore.training"),
    ("Hyper-parameters, CIFAR", "learning rate"): _setting("lr"),
    ("Hyper-parameters, CIFAR", "schedule"): _always("cosine to 0, after every step", "ndcore.training"),
    ("Hyper-parameters, CIFAR", "momentum"): _setting("momentum"),
    ("Hyper-parameters, CIFAR", "weight decay"): _setting("weight_decay"),
    ("Hyper-parameters, CIFAR", "batch size"): _setting("batch_size"),
    ("Hyper-parameters, CIFAR", "sampling stride"): _setting("sampling_stride"),
    ("Hyper-parameters, CIFAR", "seeds"): _from_records(
        lambda records: ", ".join(map(str, sorted({r.config.seed for r in records})))
    ),
    ("Hyper-parameters, CIFAR", "augmentation"): _always(
        "random crop with 4 pixels of padding, flip", "ndcore.data.batches, tested against torchvision"
    ),
    ("Hyper-parameters, ImageNet", "optimizer"): _from_records(lambda records: "SGD", "ImageNet"),
    ("Hyper-parameters, ImageNet", "learning rate"): _distinct_field("lr"),
    ("Hyper-parameters, ImageNet", "weight decay"): _distinct_field("weight_decay"),
    ("Hyper-parameters, ImageNet", "batch size"): _distinct_field("batch_size"),
    ("Hyper-parameters, ImageNet", "sampling stride"): _distinct_field("sampling_stride"),
    ("Hyper-parameters, ImageNet", "epochs"): _distinct_field("epochs"),
    ("Data", "CIFAR-10"): _from_records(_images("cifar10")),
    ("Data", "CIFAR-100"): _from_records(_images("cifar100")),
    ("Data", "ImageNet"): _from_records(_images("imagenet"), "ImageNet"),
    ("Hardware", "accelerator, CIFAR"): _from_records(_accelerators),
    ("Hardware", "accelerator, ImageNet"): _from_records(_accelerators, "ImageNet"),
    ("Hardware", "CPU"): _from_records(lambda records: _distinct(r.environment.cpu for r in records)),
    ("Hardware", "memory"): _from_records(_gibibytes),
    ("Hardware", "disk"): DISK,
    ("Software", "operating system"): _from_records(lambda records: _distinct(r.environment.platform for r in records)),
    ("Software", "Python"): _from_records(lambda records: _distinct(r.environment.python for r in records)),
    ("Software", "job scheduler"): _always("none needed", "a run is one process"),
    ("Software", None): _package,
    ("Recommended minimum", "GPU memory, CIFAR"): _gpu_memory("CIFAR"),
    ("Recommended minimum", "GPU memory, ImageNet"): _gpu_memory("ImageNet"),
    ("Recommended minimum", "CPU"): _always("any that PyTorch runs on", "README, section Start"),
    ("Recommended minimum", "memory"): _from_records(_gibibytes),
    ("Recommended minimum", "disk"): DISK,
}
"""What this report used, by topic and item; an item of `None` stands for every other one of its topic."""


def own_reason(material: Material, topic: str, item: str) -> str:
    """Why this report differs from the reproduction in an item of setup.csv."""
    if (topic, item) in FROM_DEVICES:
        on_cpu = all(r.environment.device == "cpu" for r in _records_of(material, "CIFAR"))
        return FROM_DEVICES[topic, item][0 if on_cpu else 1]
    return REASONS.get((topic, item)) or REASONS.get((topic, None), "")


RAN_SO_FAR = ("what CPUs could run so far", "what was run so far")
FROM_DEVICES = {
    ("Scope", "networks, CIFAR"): RAN_SO_FAR,
    ("Scope", "lengths of training, CIFAR (epochs)"): RAN_SO_FAR,
    ("Scope", "runs per setting, CIFAR"): RAN_SO_FAR,
    ("Hardware", "accelerator, CIFAR"): (
        "no run here used a GPU so far; the results do not depend on one",
        "another machine; the results do not depend on it",
    ),
}
"""Reasons if all of our CIFAR records come from a CPU, and otherwise."""
REASONS = {
    ("Scope", "what the accuracy was measured on"): "the two must never be mixed up",
    ("Scope", None): RAN_SO_FAR[1],
    ("Hyper-parameters, CIFAR", "seeds"): "a repeat of one seed says nothing about initialisation and order",
    ("Hyper-parameters, ImageNet", None): "as our records say",
    ("Data", None): "counted, not quoted; the fingerprint proves the content",
    ("Hardware", "memory"): "measured need, not what the machine has",
    ("Hardware", "disk"): "need, not what the machine has",
    ("Hardware", None): "another machine",
    ("Software", "operating system"): "another machine",
    ("Software", "job scheduler"): "single runs",
    ("Software", "TensorBoard"): "nothing here needs it",
    ("Software", "TensorFlow"): "nothing here needs it",
    ("Software", None): "the versions of the lock file",
    ("Recommended minimum", "GPU memory, CIFAR"): "one epoch is within reach of a CPU",
    ("Recommended minimum", "CPU"): "nothing depends on the processor",
    ("Recommended minimum", "disk"): "without ImageNet",
    ("Recommended minimum", None): "measured",
}
"""Every other reason, by topic and item; `None` stands for every other item of its topic."""
