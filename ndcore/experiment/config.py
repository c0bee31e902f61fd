"""The configuration of one run; its canonical JSON is the run's identity."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from ndcore import data, models
from ndcore.errors import UserError, shown, unknown_name
from ndcore.numbers import MILLION

CORE = ("arch", "norm", "dataset", "epochs", "seed", "repeat")
DECONVOLUTION = ("update_every", "sampling_stride", "block", "n_iter")
"""Fields about deconvolution only; a run with another normalisation leaves them at their defaults."""


class RunConfig(BaseModel):
    """One training run: frozen, strictly typed (the string "1" is not a number), unknown keys refused.

    The defaults are the recipe of the study for CIFAR (Obadage et al. 2024, §4.4; original `main.py`): SGD with
    momentum 0.9, weight decay 1e-3 on every parameter, learning rate 0.1 with cosine annealing to 0 after every step.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    arch: str
    """Network, one of `ndcore.models.names()`."""
    norm: Literal["none", "bn", "nd"]
    """"bn": batch normalisation; "nd": network deconvolution; "none": neither (where the network has that variant)."""
    dataset: str
    """Data set, one of `ndcore.data.names()`."""
    epochs: int = Field(ge=1, le=MILLION)
    """Passes over the training set; the cosine schedule ends with the last one."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """A new seed is a new initialisation, order and augmentation."""
    repeat: int = Field(default=0, ge=0, le=MILLION)
    """The same seed once more: the study's three "attempts" are repeats 0, 1 and 2 of seed 0."""
    batch_size: int = Field(default=128, ge=2, le=MILLION)
    """Images per training step; the last, smaller batch of an epoch is kept."""
    lr: float = Field(default=0.1, gt=0)
    """Learning rate of the first step."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of SGD, no Nesterov, no dampening."""
    weight_decay: float = Field(default=1e-3, ge=0)
    """L2 penalty on every parameter, biases and normalisation included."""
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    """"fp32"; "tf32": matrix products of CUDA in TF32; "bf16": autocast, statistics of the layers stay in float32."""
    update_every: int = Field(default=1, ge=1, le=MILLION)
    """Statistics and inverse root of a deconvolution are computed at every so many training steps; above 1 an
    approximation."""
    sampling_stride: int = Field(default=3, ge=1, le=MILLION)
    """The statistics use every so many positions of a convolution, per axis, where the network sets no other stride."""
    block: int = Field(default=64, ge=1, le=MILLION)
    """Channels that share one whitening matrix, where the network sets no other number."""
    n_iter: int = Field(default=5, ge=1, le=MILLION)
    """Newton–Schulz iterations, where the network sets no other number, as most do for their first layer."""
    train_images: int | None = Field(default=None, ge=1, le=1_000 * MILLION)
    """Train on the first so many training images in canonical order only; None: on all."""

    @field_validator("arch", "dataset")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        kind, known = ("architecture", models.names()) if info.field_name == "arch" else ("data set", data.names())
        if value not in known:
            raise ValueError(unknown_name(kind, value, known))
        return value

    @model_validator(mode="after")
    def _about_deconvolution(self) -> Self:
        for name in self.deconvolution() if self.norm != "nd" else ():
            value, default = getattr(self, name), type(self).model_fields[name].default
            raise ValueError(f"{name}={value} is about deconvolution, norm={self.norm} has only {name}={default}")
        return self

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Self:
        """Build a configuration from plain values.

        Raises:
            UserError: a value is wrong or a key unknown; one line that names every such field.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(_complaints(error, values)) from None

    def canonical_json(self) -> str:
        """JSON of the core fields and of every other field that is not at its default, keys sorted, no spaces.

        A field that is added later with a default that keeps the old behaviour leaves all earlier ids valid; a default,
        once published, is never changed.
        """
        before, between, after = self._canonical_parts()
        return f"{before}{self.repeat}{between}{self.seed}{after}"

    def _canonical_parts(self) -> list[str]:
        """The canonical JSON before, between and after the values of `repeat` and `seed`, the last of the core keys."""
        values = {field: getattr(self, field) for field in CORE} | self.model_dump(exclude_defaults=True)
        text = json.dumps(values | {"repeat": "\0", "seed": "\0"}, sort_keys=True, separators=(",", ":"))
        return text.split(json.dumps("\0"))

    @property
    def run_id(self) -> str:
        """Readable head and the first 8 hexadecimal digits of the SHA-256 of the canonical JSON."""
        ((_, _, run_id),) = self.replicates((self.seed,), (self.repeat,))
        return run_id

    def replicates(self, seeds: Iterable[int], repeats: Iterable[int]) -> Iterator[tuple[int, int, str]]:
        """Seed, repeat and run id of this run with each of them, without making a configuration of each."""
        before, between, after = self._canonical_parts()
        head = f"{self.dataset}-{self.arch}-{self.norm}-e{self.epochs}"
        for seed, repeat in itertools.product(seeds, repeats):
            digest = hashlib.sha256(f"{before}{repeat}{between}{seed}{after}".encode()).hexdigest()[:8]
            yield seed, repeat, f"{head}-s{seed}-r{repeat}-{digest}"

    def deconvolution(self) -> dict[str, int]:
        """The fields of `DECONVOLUTION` that are not at their defaults, as `ndcore.models.create` takes them."""
        values = {name: getattr(self, name) for name in DECONVOLUTION}
        return {name: value for name, value in values.items() if value != type(self).model_fields[name].default}

    def options(self) -> dict[str, Any]:
        """The fields that a command must name to get this configuration: the required ones, the seed, what differs."""
        always = {name for name, field in type(self).model_fields.items() if field.is_required()} | {"seed"}
        return {k: v for k, v in self.model_dump().items() if k in always or v != type(self).model_fields[k].default}

    def command(self) -> str:
        """The shell command that performs this run."""
        return "ndcore run " + " ".join(f"--{k.replace('_', '-')} {v}" for k, v in self.options().items())


def _complaints(error: ValidationError, values: dict[str, Any]) -> str:
    """All complaints of pydantic about a configuration in one line, each naming field, value and expectation."""
    complaints = []
    for item in error.errors():
        field = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden":
            complaints.append(unknown_name("parameter", field, RunConfig.model_fields))
        elif item["type"] == "missing":
            complaints.append(f"{field} is missing")
        elif item["type"] == "value_error":
            complaints.append(str(item["ctx"]["error"]))
        elif item["type"] == "literal_error":
            known = [name.strip("'") for name in item["ctx"]["expected"].replace(" or ", ", ").split(", ")]
            complaints.append(unknown_name(field, values[field], known))
        else:
            complaints.append(f"{field}={shown(values.get(field))}: {item['msg'].lower()}")
    return "; ".join(complaints)
