"""The command of CONTRIBUTING.md that says what a new data set must state, on a tree of images."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tiny_dataset

from ndcore.data import specs

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_command_prints_fingerprints_mean_and_deviation(root, spec, monkeypatch, capsys):
    (code,) = re.findall(r"^```sh\npython -c '([^']*)'\n```$", TEXT, re.MULTILINE)
    tiny_dataset.write_tree(root)
    monkeypatch.setitem(specs.SPECS, spec.name, spec)
    exec(code.replace("NAME", spec.name).replace("ROOT", str(root)), {})
    first, last = capsys.readouterr().out.splitlines()
    assert last == str(dict(spec.fingerprint))
    pixels = tiny_dataset.make()[1]["train"].images.reshape(-1, 3) / 255
    printed = [float(number) for number in re.findall(r"[\d.]+", first)]
    assert printed == pytest.approx([*pixels.mean(0), *pixels.std(0)], abs=6e-5)
