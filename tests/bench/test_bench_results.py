"""The files of the benchmark: what is written is what is read, and damage is one line that names the place."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bench_rows import LAYER, STEP, layers, network

from ndcore.bench import results
from ndcore.bench.rows import LayerRow, StepRow
from ndcore.bench.summary import geometric_mean, summary
from ndcore.errors import UserError


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "new" / "steps.csv"
    rows = [STEP, replace(STEP, variant="nd", ratio_to_bn=None, git_commit=None, git_dirty=None)]
    assert results.replace_networks(path, rows) == path
    assert results.read_rows(path, StepRow) == rows
    assert path.read_text().startswith(",".join(results.columns(StepRow)))
    assert results.columns(StepRow)[0] == "arch"
    assert results.read_rows(results.replace_networks(tmp_path / "layers.csv", [LAYER]), LayerRow) == [LAYER]


def test_a_network_that_is_measured_again_replaces_its_lines_only(tmp_path):
    path = tmp_path / "steps.csv"
    results.replace_networks(path, network("vgg16"))
    results.replace_networks(path, network("dpn92"))
    results.replace_networks(path, network("vgg16", scale=3)[:1])
    assert results.read_rows(path, StepRow) == [*network("dpn92"), network("vgg16", scale=3)[0]]
    assert [file.name for file in tmp_path.iterdir()] == ["steps.csv"]


def test_the_name_of_a_file_states_the_conditions():
    assert results.file_name("steps", STEP) == "steps-cpu-2threads-batch8-torch2.14.1-20261124.csv"
    gpu = replace(STEP, device="cuda", device_name="NVIDIA H200 (PCIe)", threads=1)
    assert results.file_name("layers", gpu) == "layers-nvidia-h200-pcie-1thread-batch8-torch2.14.1-20261124.csv"


def test_the_latest_file_is_that_of_the_last_day(tmp_path):
    assert results.latest(tmp_path / "none") is None
    for day in ("20261123", "20261124", "20251231"):
        (tmp_path / f"steps-cpu-9threads-batch8-torch2.14.1-{day}.csv").touch()
    (tmp_path / "layers-cpu-1thread-batch8-torch2.14.1-20270101.csv").touch()
    (tmp_path / "other.csv").touch()
    assert results.latest(tmp_path).name.endswith("-20261124.csv")
    assert results.latest(tmp_path, "layers").name.startswith("layers-")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("arch,", "network,", "line 1: unknown column 'network'"),
        ("samples,", "", "line 1: column samples is missing"),
        ("samples,", "samples,samples,", "line 1: a column is there twice"),
        (",10,1,", ",ten,1,", "line 2, column samples: expected a whole number, got 'ten'"),
        (",0.25,", ",nan,", "line 2, column median_seconds: expected a positive number (1e-12 to 1e+18), got 'nan'"),
        (",0.25,", ",-1,", "line 2, column median_seconds: expected a positive number (1e-12 to 1e+18), got '-1'"),
        (",false,", ",no,", "line 2, column git_dirty: expected true or false, got 'no'"),
        ("resnet18d", "", "line 2, column arch: expected text, got ''"),
        (",0.25,", ",", "line 2: 25 cells, but the head names 26 columns"),
        (",0.25,", ',0.25"', "line 2"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_the_place(tmp_path, old, new, message):
    path = results.replace_networks(tmp_path / "steps.csv", [STEP])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        results.read_rows(path, StepRow)
    assert str(caught.value).startswith(f"{path}, ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b""])
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "steps.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"steps\.csv"):
        results.read_rows(path, StepRow)


def test_a_folder_that_cannot_be_written_is_one_line():
    with pytest.raises(UserError, match=r"cannot write /proc/ndcore/steps\.csv"):
        results.replace_networks(Path("/proc/ndcore/steps.csv"), [STEP])


def test_readers_of_the_files_do_not_need_torch():
    code = "import sys, ndcore.bench.results; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_tables_show_ratios_and_their_geometric_means():
    text = summary([*network("vgg16"), *network("dpn92")[1:], replace(STEP, arch="senet18")], layers("vgg16"))
    assert "Training steps of 8 images on Processor, 3 GHz, 2 threads, PyTorch 2.14.1+cpu" in text
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert lines["geometric mean"][2:] == ["2.00", "1.50", "2.50", "2.50"]
    assert "dpn92           not measured  not measured" in text
    assert "0.500 ± 0.020" in text
    assert text.splitlines()[-1].split() == ["vgg16", "3.000", "3.000", "3.000", "3.000", "12.000"]
    assert "geometric mean" not in summary(network("vgg16"), [])
    assert geometric_mean([1, 4]) == pytest.approx(2)


def test_every_column_of_layers_is_a_field():
    assert len(results.columns(LayerRow)) == len(set(results.columns(LayerRow)))
