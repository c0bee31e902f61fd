"""Numbers as people and programs write them: one line that names the value and what is possible, never a traceback."""

from __future__ import annotations

import argparse

import pytest

from ndcore import cli
from ndcore.errors import UserError, shown
from ndcore.experiment.experiment import seconds_between_checkpoints
from ndcore.experiment.folders import CHECKPOINT_SECONDS
from ndcore.grid.cells import Selection, parse_numbers
from ndcore.numbers import decimal, whole

RUN = ["run", "--arch", "vgg16", "--norm", "bn", "--dataset", "digits", "--epochs", "1"]
CELL = ["--arch", "vgg16", "--norm", "bn", "--dataset", "digits"]
WHOLE = [
    *([*RUN, f"--{name}"] for name in ("epochs", "seed", "repeat", "batch-size", "train-images", "block", "n-iter")),
    *(["grid", "plan", *CELL, f"--{name}"] for name in ("epochs", "seeds", "repeats")),
    *(["grid", "plan", *CELL, "--set", f"{name}="] for name in ("batch_size", "train_images")),
    ["grid", "run", *CELL, "--workers"],
    *(
        ["grid", "submit", *CELL, "--script", "-", f"--{name}"]
        for name in ("gpus-per-cell", "cpus-per-cell", "time", "at-once", "notice", "max-array")
    ),
    *(["bench", f"--{name}"] for name in ("batch-size", "steps", "threads")),
]
DECIMAL = [
    [*RUN, "--lr"],
    ["grid", "plan", *CELL, "--set", "lr="],
    ["grid", "run", *CELL, "--max-hours"],
    ["grid", "submit", *CELL, "--script", "-", "--checkpoint-seconds"],
    ["bench", "--seconds"],
]
NO_NUMBERS = ["1_0", "１０", "٣", "", "ten", "0x10"]
NO_WHOLE = ["9" * 18, "9" * 300, "9" * 5000, "-3", "1.5", "1e3", "nan", "inf", "1e999"]


def complaint(arguments: list[str], value: str, capsys) -> str:
    """The last line of a command that refuses a value, which is shown in few characters."""
    *arguments, option = arguments
    given = [f"{option}{value}"] if option.endswith("=") else [f"{option}={value}"]
    try:
        code = cli.main([*arguments, *given])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    last = err.strip().splitlines()[-1]
    assert len(last) < 250
    return last


@pytest.mark.parametrize("arguments", WHOLE, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_what_is_no_possible_whole_number_is_refused_everywhere(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path))
    for value in (*NO_NUMBERS, *NO_WHOLE):
        last = complaint(arguments, value, capsys)
        assert arguments[-1].strip("-=").split("-")[0][:4] in last or "minutes" in last  # of --time
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", DECIMAL, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_what_is_no_possible_number_is_refused_everywhere(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path))
    for value in (*NO_NUMBERS, "nan", "-1"):
        assert arguments[-1].strip("-=") in complaint(arguments, value, capsys)
    assert list(tmp_path.iterdir()) == []


def test_plain_numbers_are_read():
    assert [whole(text) for text in ("0", "007", "+5", "-3", " 12 ", "9" * 18)] == [0, 7, 5, -3, 12, 10**18 - 1]
    assert [decimal(text) for text in ("0.5", "1e-3", ".5", "-2")] == [0.5, 1e-3, 0.5, -2.0]
    with pytest.raises(argparse.ArgumentTypeError, match=r"at most 18 digits, not '9999999999999999999… \(302 char"):
        whole("9" * 300)


@pytest.mark.parametrize("text", ["0-9999999999", "0-999999,5", "0-999999999999999999"])
def test_more_seeds_than_a_grid_can_have_are_refused_before_they_are_counted_up(text):
    with pytest.raises(UserError, match="at most 1,000,000 numbers are possible"):
        parse_numbers(text, "--seeds")


def test_more_cells_than_a_grid_can_have_are_refused_before_they_are_made():
    with pytest.raises(UserError, match="a grid of 120,000,000 cells: at most 1,000,000 are possible"):
        Selection(repeats=1_000_000).cells()


@pytest.mark.parametrize("value", ["1_0", "-1", "nan", "soon", "9_" * 300])
def test_the_seconds_between_checkpoints_are_a_number(value, monkeypatch):
    monkeypatch.setenv(CHECKPOINT_SECONDS, value)
    with pytest.raises(UserError, match="expected a number of seconds, 0 or more") as error:
        seconds_between_checkpoints()
    assert len(str(error.value)) < 150


def test_a_long_value_is_shown_by_its_beginning():
    assert shown(5) == "5"
    assert shown("x" * 78) == repr("x" * 78)
    assert shown("x" * 79) == "'xxxxxxxxxxxxxxxxxxx… (81 characters)"
    assert shown(10**5000) == "a number of thousands of digits"
