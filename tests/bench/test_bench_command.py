"""`ndcore bench` as a user sees it: files, tables, going on after an interruption, and one line for what is wrong."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from ndcore import cli
from ndcore.bench import arithmetic, benchmark, breakdown, results
from ndcore.bench.rows import PHASES, VARIANTS, LayerRow, StepRow

SMALL = ["bench", "--batch-size", "4", "--steps", "3", "--seconds", "0.01"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(arithmetic, "SIDES", {"cpu": (64,)})
    monkeypatch.setattr(breakdown, "REPETITIONS", 1)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def table(path, row) -> pd.DataFrame:
    return pd.DataFrame(map(vars, results.read_rows(path, row)))


def test_a_network_in_all_variants(tmp_path, capsys):
    assert cli.main([*SMALL, "--arch", "efficientnet", "--layers", "--threads", "1", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    steps, layers = results.latest(tmp_path), results.latest(tmp_path, "layers")
    assert out.endswith(f"steps: {steps}\nlayers: {layers}\n")
    assert "efficientnet: nd-original round 3" in err
    frame = table(steps, StepRow)
    assert frame.variant.tolist() == list(VARIANTS)
    assert set(frame.samples) == {3}
    assert frame.steps_per_sample.tolist() == [1, 1, 4, 1, 1, 1]
    assert set(frame.threads) == {1}
    assert (frame.lower_quartile_seconds <= frame.median_seconds).all()
    assert frame.ratio_to_bn[0] == 1
    assert frame.ratio_to_floor.to_numpy() == pytest.approx((frame.median_seconds / frame.floor_seconds), rel=1e-4)
    flop = frame[[f"{phase}_flop" for phase in PHASES]].sum(axis=1)
    assert frame.floor_seconds.to_numpy() == pytest.approx(flop / frame.gemm_flop_per_second, rel=1e-4)
    assert frame.peak_bytes.min() > 4 * 3_000_000
    by_layer = table(layers, LayerRow)
    assert by_layer.layer.tolist() == ["stem"] * 4 + ["classifier"] * 4
    assert by_layer.phase.tolist() == [*PHASES, *PHASES]
    assert steps.name.startswith("steps-cpu-1thread-batch4-torch")


def test_networks_that_are_done_stay_when_it_is_interrupted(tmp_path, capsys, monkeypatch):
    arguments = [*SMALL, "--variant", "bn", "none", "--out", str(tmp_path)]
    measure = benchmark.measure

    def interrupted(variants, *rest):
        if type(variants[0].model).__name__ == "PNASNet":
            raise KeyboardInterrupt
        return measure(variants, *rest)

    monkeypatch.setattr(benchmark, "measure", interrupted)
    assert cli.main([*arguments, "--arch", "efficientnet", "pnasneta"]) == 130
    path = results.latest(tmp_path)
    first = results.read_rows(path, StepRow)
    assert [(row.arch, row.variant) for row in first] == [("efficientnet", "bn"), ("efficientnet", "none")]
    monkeypatch.setattr(benchmark, "measure", measure)
    assert cli.main([*arguments, "--arch", "pnasneta"]) == 0
    assert [row.arch for row in results.read_rows(path, StepRow)] == ["efficientnet"] * 2 + ["pnasneta"] * 2
    assert results.read_rows(path, StepRow)[:2] == first
    assert "nd / bn" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--arch", "resnet81d"], "unknown architecture 'resnet81d': did you mean resnet18d"),
        (["--variant", "nd-every3"], "unknown variant 'nd-every3': did you mean nd-every4"),
        (["--batch-size", "1"], "--batch-size 1: at least 2 is needed"),
        (["--steps", "0"], "--steps 0: at least 1 is needed"),
        (["--threads", "0"], "--threads 0: at least 1 is needed"),
        (["--seconds", "nan"], "--seconds nan: a number above 0 is needed"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        (["--arch", "efficientnet", "--variant", "none", "--out", "/proc/ndcore"], "cannot write /proc/ndcore/steps-"),
        (
            ["--arch", "efficientnet", "resnet18d_full", "--variant", "bn"],
            "resnet18d_full has none of bn, only nd, nd-every4, none, nd-original",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path))
    assert cli.main([*SMALL, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("ndcore bench: ")
    assert message in err.splitlines()[-1]
    assert list(tmp_path.rglob("*")) == []


def test_a_damaged_file_is_refused_before_anything_is_measured(tmp_path, capsys):
    arguments = [*SMALL, "--arch", "efficientnet", "--variant", "none", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    path = results.latest(tmp_path)
    damaged = path.read_text().replace("efficientnet,none,", "efficientnet,none,,", 1)
    path.write_text(damaged)
    capsys.readouterr()
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == (f"ndcore bench: {path}, line 2: 27 cells, but the head names 26 columns\n")
    assert path.read_text() == damaged
