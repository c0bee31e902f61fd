"""Which cells a selection means, and that their ids are those of the configurations."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.grid.cells import Selection, parse_changes, parse_numbers


def test_the_whole_grid_is_that_of_the_study():
    selection = Selection()
    cells = selection.cells()
    assert len(cells) == len({cell.run_id for cell in cells}) == 360
    assert len(selection.unavailable()) == 7
    assert Counter(cell.setting.dataset for cell in cells) == {"cifar10": 180, "cifar100": 180}
    assert Counter(cell.setting.epochs for cell in cells) == {1: 120, 20: 120, 100: 120}
    assert {(cell.seed, cell.repeat) for cell in cells} == {(0, 0), (0, 1), (0, 2)}
    assert selection.cells() == Selection(tables=["all"]).cells()


def test_a_table_is_one_data_set_and_its_resnet_is_the_one_that_was_run():
    cells = Selection(tables=["4"]).cells()
    assert {cell.setting.dataset for cell in cells} == {"cifar10"}
    resnets = {(c.setting.epochs, c.setting.arch) for c in cells if c.setting.arch.startswith("resnet18")}
    assert resnets == {(1, "resnet18d"), (20, "resnet18"), (100, "resnet18d")}
    assert {c.setting.arch for c in Selection(tables=["5"]).cells() if "net18" in c.setting.arch} >= {"resnet18d"}


def test_imagenet_is_named_and_not_invented():
    selection = Selection(tables=["6", "7"], norms=["bn"])
    assert selection.cells() == []
    assert [run.label for run in selection.unavailable()] == [
        "vgg11 bn of Table 6",
        "resnet18 bn of Table 7",
        "densenet121 bn of Table 7",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seeds": [0, 1, 2]}, [(0, 0), (1, 0), (2, 0)]),
        ({"repeats": 2}, [(0, 0), (0, 1)]),
        ({"seeds": [3, 1, 1], "repeats": 2}, [(1, 0), (1, 1), (3, 0), (3, 1)]),
        ({}, [(0, 0), (0, 1), (0, 2)]),
        ({"datasets": ["digits"]}, [(0, 0)]),
    ],
)
def test_seeds_vary_and_repeats_repeat(options, expected):
    chosen = {"archs": ["vgg16"], "norms": ["nd"], "datasets": ["cifar10"], "epochs": [1]} | options
    cells = Selection(**chosen).cells()
    assert [(cell.seed, cell.repeat) for cell in cells] == expected
    assert [(cell.config.seed, cell.config.repeat) for cell in cells] == expected


@settings(deadline=None)
@given(
    st.integers(0, 2**31 - 1),
    st.integers(1, 4),
    st.sampled_from(["bn", "nd"]),
    st.dictionaries(st.sampled_from(["batch_size", "train_images", "n_iter", "update_every"]), st.integers(2, 99)),
)
def test_the_id_of_a_cell_is_that_of_its_configuration(seed, repeats, norm, changes):
    """Whatever other fields the canonical JSON holds before, between and after seed and repeat."""
    selection = Selection(
        archs=["resnet18d"],
        norms=[norm],
        datasets=["digits"],
        epochs=[1],
        seeds=[seed],
        repeats=repeats,
        changes=changes,
    )
    for cell in selection.cells():
        assert cell.run_id == cell.config.run_id
        assert RunConfig.parse(cell.config.model_dump()) == cell.config


def test_options_about_deconvolution_apply_where_there_is_one():
    cells = Selection(archs=["vgg16"], datasets=["digits"], epochs=[1], changes={"n_iter": 3, "batch_size": 64}).cells()
    assert [(c.config.norm, c.config.n_iter, c.config.batch_size) for c in cells] == [("bn", 5, 64), ("nd", 3, 64)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": ["8"]}, "unknown table '8': known are 4, 5, 6, 7, all"),
        ({"archs": ["resnet81d"]}, "unknown architecture 'resnet81d': did you mean resnet18d"),
        ({"datasets": ["cifar11"]}, "unknown data set 'cifar11': did you mean cifar10"),
        ({"norms": ["batch"]}, "unknown norm 'batch'"),
        ({"epochs": [0]}, "epochs=0"),
        ({"seeds": [2**31]}, "seed=2147483648"),
        ({"repeats": 0}, "--repeats 0: at least 1 is needed"),
        ({"tables": ["4"], "datasets": ["cifar100"]}, "data set cifar100 is not that of table 4"),
        ({"changes": {"batchsize": 64}}, "unknown option of a run 'batchsize': did you mean batch_size"),
        ({"changes": {"seed": 1}}, "unknown option of a run 'seed'"),
        ({"changes": {"lr": "fast"}}, "lr='fast'"),
    ],
)
def test_what_does_not_exist_is_named(options, message):
    with pytest.raises(UserError) as error:
        Selection(**options).cells()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_numbers_and_changes_as_a_command_line_has_them():
    assert parse_numbers("0,2, 5-7", "--seeds") == [0, 2, 5, 6, 7]
    assert parse_changes(["batch-size=64", "lr=0.05", "precision=bf16"]) == {
        "batch_size": 64,
        "lr": 0.05,
        "precision": "bf16",
    }
    for text in ("", "a", "3-1", "-1", "1,,2"):
        with pytest.raises(UserError, match="expected numbers like"):
            parse_numbers(text, "--seeds")
    with pytest.raises(UserError, match="expected NAME=VALUE"):
        parse_changes(["batch_size"])
