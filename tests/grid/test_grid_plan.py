"""Where cells stand, how long they take, in which order they come."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from grid_helpers import cells
from hypothesis import example, given
from hypothesis import strategies as st
from record_factory import make_record

from ndcore import cli
from ndcore.bench.results import columns
from ndcore.bench.rows import StepRow
from ndcore.errors import UserError
from ndcore.experiment import leases, records
from ndcore.experiment.holders import Holder
from ndcore.files import replace as replace_file
from ndcore.grid.cells import Selection
from ndcore.grid.estimates import Estimator, Machine
from ndcore.grid.plan import Plan
from ndcore.grid.state import State, statuses_of
from ndcore.training.progress import PROGRESS_FILE, Progress, duration

EXAMPLE = Machine("cpu", "cpu", "Example CPU @ 2.50GHz", 2)
"""The machine of `record_factory`."""


def record_of(cell, **changes):
    return make_record(**cell.config.options() | {"repeat": cell.repeat} | changes)


def test_only_a_valid_record_in_place_is_done(tmp_path):
    """Everything else that may lie there is something else, and says what."""
    chosen = cells(9)
    texts = [record_of(cell).to_json() for cell in chosen]
    torn, changed, newer, foreign, other, failure = 1, 2, 3, 4, 5, 6
    texts[torn] = texts[torn][:1000]
    texts[changed] = texts[changed].replace('"top1": 50.0', '"top1": 50.1')
    texts[newer] = texts[newer].replace('"version": 1', '"version": 2')
    texts[foreign] = '{"hello": "world"}'
    texts[other] = texts[0]
    texts[failure] = make_record(failed=True, **chosen[failure].config.options()).to_json()
    for cell, text in zip(chosen, texts, strict=True):
        (tmp_path / f"{cell.run_id}.json").write_text(text)
    empty = 7
    (tmp_path / f"{chosen[empty].run_id}.json").write_bytes(b"")
    states = statuses_of(chosen, tmp_path)
    blocked = {torn, changed, newer, foreign, other, failure, empty}
    assert {i for i, s in enumerate(states) if s.state == State.DONE} == set(range(9)) - blocked
    assert {i for i, s in enumerate(states) if s.state == State.BLOCKED} == blocked
    for number, reason in {
        torn: "cannot be read as JSON",
        changed: "its digest does not match its content",
        newer: "has schema version 2, this program reads version 1",
        foreign: "is not a run record",
        other: "the name does not match",
        failure: "is the record of a failure",
        empty: "cannot be read as JSON",
    }.items():
        assert reason in states[number].detail
        assert states[number].detail.endswith("move it away to perform this run")


def test_a_half_written_record_or_a_notebook_is_nothing(tmp_path):
    (cell,) = cells(1)
    (tmp_path / f".{cell.run_id}.json.abc.tmp").write_text(record_of(cell).to_json())
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / f"{cell.run_id}.ipynb").write_text("{}")
    assert statuses_of([cell], tmp_path)[0].state == State.MISSING


def test_running_failed_and_interrupted(tmp_path):
    running, failed, interrupted, dead, again = cells(5)
    leases.claim(tmp_path / "work" / running.run_id)
    for _ in range(2):
        record_of(failed, failed=True).write(tmp_path)
    for cell in (interrupted, dead):
        (tmp_path / "work" / cell.run_id).mkdir()
        (tmp_path / "work" / cell.run_id / PROGRESS_FILE).write_text(Progress(2, 3, 1, 4, "training").to_json())
    ghost = replace(Holder.this_process(), pid=2**22 + 1)
    (tmp_path / "work" / dead.run_id / "lease").mkdir()
    (tmp_path / "work" / dead.run_id / "lease" / ghost.name).touch()
    record_of(again, failed=True).write(tmp_path)
    record_of(again).write(tmp_path)
    states = statuses_of([running, failed, interrupted, dead, again], tmp_path)
    assert [s.state for s in states] == [State.RUNNING, State.FAILED, State.MISSING, State.MISSING, State.DONE]
    assert states[0].detail.startswith("process ")
    assert states[1].detail == "2 failed attempts"
    assert states[2].detail == states[3].detail == "interrupted: epoch 2/3, step 1/4"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"epoch": 1}', b'{"epochs": 0, "surprise": 1}'])
def test_a_damaged_progress_file_is_no_progress(tmp_path, content):
    (tmp_path / PROGRESS_FILE).write_bytes(content)
    assert Progress.read(tmp_path) is None


def test_failed_cells_wait_until_they_are_asked_for(tmp_path):
    done, failed, missing = cells(3)
    record_of(done).write(tmp_path)
    record_of(failed, failed=True).write(tmp_path)
    plan = Plan.make(
        Selection(archs=["resnet18d"], norms=["bn"], datasets=["digits"], epochs=[1], seeds=range(3)), tmp_path
    )
    assert plan.to_do(retry_failed=False) == [missing]
    assert plan.to_do(retry_failed=True) == [failed, missing]
    with pytest.raises(UserError, match="unknown order 'fast': did you mean cheapest"):
        plan.to_do(retry_failed=False, order="fast")


def write_bench(runs, seconds: dict[tuple[str, str], float], machine: Machine = EXAMPLE) -> None:
    """A file of `ndcore bench` with these step times."""
    lines = []
    for (arch, variant), time_ in seconds.items():
        values = dict.fromkeys(columns(StepRow), "1") | {
            "arch": arch, "variant": variant, "median_seconds": time_, "batch_size": 128, "device": machine.device,
            "device_name": machine.device_name, "cpu": machine.cpu, "cores": machine.cores, "torch": "2.9.0",
            "ratio_to_bn": time_ / seconds[arch, "bn"], "git_commit": "", "git_dirty": "false",
            "measured_utc": "2026-01-02T03:04:05+00:00", "threads": 2,
        }  # fmt: skip
        lines.append(",".join(str(values[name]) for name in columns(StepRow)))
    (runs / "bench").mkdir(parents=True)
    text = "\n".join([",".join(columns(StepRow)), *lines, ""])
    (runs / "bench" / "steps-cpu-2threads-batch128-torch2.9.0-20260102.csv").write_text(text)


def test_estimates_come_from_records_then_from_the_benchmark_then_from_its_ratio(tmp_path):
    bn = Selection(archs=["resnet18d"], norms=["bn"], datasets=["cifar10"], epochs=[20], repeats=1).cells()[0].config
    nd, vgg = bn.model_copy(update={"norm": "nd"}), bn.model_copy(update={"arch": "vgg16"})
    measured = [make_record(), make_record(seed=1)]
    epoch = 0.5 + 150.0 + 12.0 * 10
    # the records' test set has 1,000 images, CIFAR has 10,000
    alone = Estimator.of(tmp_path, measured, EXAMPLE)
    assert alone.estimate(bn).seconds == pytest.approx(20 * epoch)
    assert alone.estimate(bn).source == "2 measured here"
    assert alone.estimate(bn.model_copy(update={"epochs": 1, "dataset": "cifar100"})).seconds == pytest.approx(epoch)
    assert alone.estimate(bn.model_copy(update={"train_images": 500})).seconds == pytest.approx(20 * (1.505 + 120))
    for unknown in (nd, vgg, bn.model_copy(update={"batch_size": 64}), bn.model_copy(update={"precision": "bf16"})):
        assert (alone.estimate(unknown).seconds, alone.estimate(unknown).source) == (None, "unknown")
    write_bench(tmp_path, {("resnet18d", "bn"): 0.3, ("resnet18d", "nd"): 0.9, ("vgg16", "bn"): 0.2})
    known = Estimator.of(tmp_path, measured, EXAMPLE)
    assert known.estimate(bn).source == "2 measured here"
    assert known.estimate(nd).seconds == pytest.approx(20 * 391 * 0.9)
    assert known.estimate(vgg).source == "benchmark of this machine"
    assert known.estimate(nd.model_copy(update={"n_iter": 3})).seconds is None


def test_nothing_is_taken_from_another_machine_but_a_ratio(tmp_path):
    bn = make_record(epochs=2).config
    nd = bn.model_copy(update={"norm": "nd"})
    write_bench(tmp_path, {("resnet18d", "bn"): 0.3, ("resnet18d", "nd"): 0.9}, replace(EXAMPLE, cpu="Faster CPU"))
    here = Estimator.of(tmp_path, [make_record()], EXAMPLE)
    assert here.estimate(nd).seconds == pytest.approx(3 * here.estimate(bn).seconds)
    assert "ratio" in here.estimate(nd).source
    for other in (replace(EXAMPLE, cores=4), replace(EXAMPLE, cpu="Other"), Machine("cuda", "GPU", EXAMPLE.cpu, 2)):
        there = Estimator.of(tmp_path, [make_record()], other)
        assert (there.estimate(bn).seconds, there.estimate(nd).seconds) == (None, None)


def test_a_damaged_benchmark_is_none(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "steps-cpu-2threads-batch128-torch2.9.0-20260102.csv").write_text("arch,nonsense\n")
    assert Estimator.of(tmp_path, [], EXAMPLE).steps == {}


def test_the_orders(tmp_path, monkeypatch):
    """Cheapest: by time, unknown last. Information: every setting once before any twice, BN beside ND."""
    monkeypatch.setattr(Machine, "this", classmethod(lambda cls: EXAMPLE))
    write_bench(
        tmp_path,
        {("vgg16", "bn"): 0.1, ("vgg16", "nd"): 0.9, ("resnet18d", "bn"): 0.2, ("resnet18d", "nd"): 0.3},
    )
    archs = ["dpn92", "vgg16", "resnet18d"]
    plan = Plan.make(Selection(archs=archs, datasets=["cifar10"], epochs=[1], repeats=2), tmp_path)
    named = [(c.setting.arch, c.setting.norm, c.repeat) for c in plan.to_do(retry_failed=False)]
    assert named[:3] == [("vgg16", "bn", 0), ("vgg16", "bn", 1), ("resnet18d", "bn", 0)]
    assert {arch for arch, _, _ in named[-4:]} == {"dpn92"}
    informed = plan.to_do(retry_failed=False, order="information")
    assert [c.repeat for c in informed] == [0] * 6 + [1] * 6
    assert [(c.setting.arch, c.setting.norm) for c in informed[:4]] == [
        ("resnet18d", "bn"),
        ("resnet18d", "nd"),
        ("vgg16", "bn"),
        ("vgg16", "nd"),
    ]
    make_record(arch="resnet18d", norm="bn", repeat=1).write(tmp_path)
    again = Plan.make(Selection(archs=archs, datasets=["cifar10"], epochs=[1], repeats=2), tmp_path)
    informed = again.to_do(retry_failed=False, order="information")
    assert [(c.setting.arch, c.setting.norm, c.repeat) for c in informed[:2]] != [("resnet18d", "bn", 0)] * 2
    assert informed[-1].repeat == 1


def test_a_hundred_thousand_cells_cost_little_more_than_to_read_their_ten_thousand_records(tmp_path):
    """Both sides in one run and in time of this process, since others may be at work; the best of three."""
    selection = Selection(archs=["resnet18d"], norms=["bn"], datasets=["digits"], epochs=[1], seeds=range(100_000))
    chosen = selection.cells()
    for cell in chosen[::10]:
        replace_file(
            tmp_path / f"{cell.run_id}.json",
            lambda file, c=cell: file.write(record_of(c).to_json().encode()),
            durable=False,
        )
    ratios = []
    for _ in range(3):
        began = time.process_time()
        assert len(records.scan(tmp_path)[0]) == 10_000
        read = time.process_time()
        plan = Plan.make(selection, tmp_path)
        assert len(plan.to_do(retry_failed=False)) == 90_000
        ratios.append((time.process_time() - read) / (read - began))
    assert min(ratios) < 3, ratios


def test_the_plan_in_the_terminal_and_for_programs(tmp_path, capsys):
    (done, *_) = cells(3)
    record_of(done).write(tmp_path)
    arguments = ["grid", "plan", "--arch", "resnet18d", "--norm", "bn", "--dataset", "digits", "--epochs", "1"]
    arguments += ["--seeds", "0-2", "--runs", str(tmp_path)]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert "3 cells" in text
    assert "1 done, 0 running, 0 failed, 2 missing" in text
    assert f"ndcore run --arch resnet18d --norm bn --dataset digits --epochs 1 --seed 2 --runs {tmp_path}" in text
    assert cli.main([*arguments, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["totals"] == {"done": 1, "running": 0, "failed": 0, "blocked": 0, "missing": 2}
    assert next((c["run_id"], c["seed"], c["repeat"]) for c in plan["cells"]) == (done.run_id, 0, 0)
    assert plan["cells"][0]["command"].startswith("ndcore run ")


def test_a_long_plan_is_cut_unless_all_is_asked_for(tmp_path, capsys):
    arguments = ["grid", "plan", "--arch", "vgg16", "--dataset", "digits", "--seeds", "0-99", "--runs", str(tmp_path)]
    cli.main(arguments)
    assert "more; --all lists every cell" in capsys.readouterr().out
    cli.main([*arguments, "--all"])
    assert capsys.readouterr().out.count("ndcore run") == 600


@given(st.floats(0, 8e7))
@example(36_570.0)
def test_durations_are_short_and_have_a_unit(seconds):
    assert len(duration(seconds)) <= len("10 h 10 min")
    assert duration(seconds).split()[-1] in ("s", "min", "h", "d")


def test_status_shows_networks_and_settings_and_says_what_is_wrong(tmp_path, capsys):
    make_record(arch="vgg16", norm="nd").write(tmp_path)
    make_record(arch="vgg16", norm="nd", seed=1).write(tmp_path)
    make_record(failed=True, arch="vgg16", norm="nd", seed=2).write(tmp_path)
    make_record(arch="resnet18d", dataset="digits", epochs=3).write(tmp_path)
    damaged = make_record(arch="senet18").write(tmp_path)
    damaged.write_text(damaged.read_text()[:-100])
    (tmp_path / "stranger.json").write_text("{}")
    assert cli.main(["status", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "3 done, 0 running, 1 failed, 1 in the way of a record" in text
    row = next(line for line in text.splitlines() if line.startswith("VGG-16"))
    assert row.split()[1:4] == ["·", "2✓", "1✗"]
    assert "no records: stranger.json" in text
    assert f"{damaged.name} cannot be read as JSON" in text
    assert max(map(len, text.partition("failed:")[0].splitlines()[1:])) <= 100
    assert cli.main(["status", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["found"]) == 5
    assert cli.main(["status", str(tmp_path / "nothing")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_status_changes_nothing(tmp_path, capsys):
    make_record().write(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))}
    cli.main(["status", str(tmp_path)])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))} == before
