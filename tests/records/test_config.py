"""The configuration: what it refuses, and that its identity stays what it is."""

from __future__ import annotations

import argparse
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ndcore import data, models
from ndcore.commands import run
from ndcore.errors import UserError
from ndcore.experiment import records
from ndcore.experiment.config import RunConfig
from ndcore.experiment.folders import PROJECT

BASE = {"arch": "resnet18d", "norm": "nd", "dataset": "cifar100", "epochs": 1}

configs = st.builds(
    RunConfig,
    arch=st.sampled_from(models.names()),
    norm=st.sampled_from(["none", "bn", "nd"]),
    dataset=st.sampled_from(data.names()),
    epochs=st.integers(1, 500),
    seed=st.integers(0, 2**31 - 1),
    repeat=st.integers(0, 5),
    batch_size=st.integers(2, 1024),
    lr=st.floats(1e-6, 10),
    precision=st.sampled_from(["fp32", "tf32", "bf16"]),
    train_images=st.none() | st.integers(1, 50_000),
)
deconvolutions = st.builds(
    RunConfig,
    arch=st.sampled_from(models.names()),
    norm=st.just("nd"),
    dataset=st.sampled_from(data.names()),
    epochs=st.integers(1, 2),
    update_every=st.integers(1, 16),
    sampling_stride=st.integers(1, 6),
    block=st.sampled_from([32, 64]),
    n_iter=st.integers(1, 8),
)


def test_published_ids_never_change():
    """Records are found by these names: a change here orphans every record there is."""
    assert RunConfig(**BASE).run_id == "cifar100-resnet18d-nd-e1-s0-r0-d799a0ef"
    changed = RunConfig(**BASE, seed=3, repeat=1, lr=0.05, batch_size=64)
    assert changed.run_id == "cifar100-resnet18d-nd-e1-s3-r1-515de30e"
    stated = {"update_every": 1, "sampling_stride": 3, "block": 64, "n_iter": 5, "train_images": None}
    assert RunConfig(**BASE, **stated).run_id == "cifar100-resnet18d-nd-e1-s0-r0-d799a0ef"


def test_the_records_of_the_repository_keep_their_ids():
    ids = [path.stem for path in (PROJECT / "runs").glob("*.json")]
    assert ids
    assert [record.run_id for record in records.scan(PROJECT / "runs")[0]] == sorted(ids)


def test_the_canonical_json_names_core_fields_and_what_differs_from_the_recipe():
    core = '"arch":"resnet18d","dataset":"cifar100","epochs":1,%s"norm":"nd","repeat":0,"seed":0}'
    assert RunConfig(**BASE).canonical_json() == "{" + core % ""
    assert RunConfig(**BASE, lr=0.2).canonical_json() == "{" + core % '"lr":0.2,'


@given(configs | deconvolutions)
def test_the_command_gives_back_the_configuration(config):
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    given_back = vars(parser.parse_args(shlex.split(config.command())[2:]))
    assert RunConfig.parse({k: v for k, v in given_back.items() if k in RunConfig.model_fields}) == config


@given(configs | deconvolutions, configs | deconvolutions)
def test_different_configurations_have_different_ids(one, other):
    assert (one == other) == (one.run_id == other.run_id)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": "resnet81"}, "unknown architecture 'resnet81': did you mean resnet18"),
        ({"norm": "ndd"}, "unknown norm 'ndd': did you mean nd?"),
        ({"dataset": "cifar-100"}, "unknown data set 'cifar-100': did you mean cifar100"),
        ({"epochs": 0}, "epochs=0: input should be greater than or equal to 1"),
        ({"epochs": "1"}, "epochs='1': input should be a valid integer"),
        ({"epochs": 1.5}, "epochs=1.5: input should be a valid integer"),
        ({"epochs": True}, "epochs=True: input should be a valid integer"),
        ({"seed": -1}, "seed=-1: input should be greater than or equal to 0"),
        ({"seed": "false"}, "seed='false': input should be a valid integer"),
        ({"lr": float("nan")}, "lr=nan: input should be a finite number"),
        ({"momentun": 0.9}, "unknown parameter 'momentun': did you mean momentum"),
        ({"update_every": 0}, "update_every=0: input should be greater than or equal to 1"),
        ({"train_images": 0}, "train_images=0: input should be greater than or equal to 1"),
        ({"train_images": "all"}, "train_images='all': input should be a valid integer"),
        ({"norm": "bn", "n_iter": 4}, "n_iter=4 is about deconvolution, norm=bn has only n_iter=5"),
        (
            {"norm": "none", "update_every": 2},
            "update_every=2 is about deconvolution, norm=none has only update_every=1",
        ),
        ({"epochs": 0, "seed": -1}, "epochs=0: input should be greater than or equal to 1; seed=-1"),
    ],
)
def test_bad_values_are_refused_in_one_line(change, message):
    with pytest.raises(UserError) as error:
        RunConfig.parse(BASE | change)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_field_is_named():
    with pytest.raises(UserError, match="arch is missing"):
        RunConfig.parse({k: v for k, v in BASE.items() if k != "arch"})


def test_it_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig(**BASE).epochs = 2
