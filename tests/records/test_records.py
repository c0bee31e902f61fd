"""Records: sealed, consistent, never overwritten; what is not one is reported by name."""

from __future__ import annotations

import json
import threading

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_factory import make_record

from ndcore.experiment import records
from ndcore.experiment.folders import PROJECT
from ndcore.training.conditions import Conditions, Session


def test_a_record_comes_back_as_it_was_written(tmp_path):
    record = make_record(58.7, 52.1, norm="nd", epochs=3)
    path = record.write(tmp_path)
    assert path.name == f"{record.run_id}.json"
    assert records.read(path) == record
    assert records.scan(tmp_path) == ([record], [])


def test_a_complete_record_is_never_overwritten(tmp_path):
    path = make_record(58.7).write(tmp_path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_record(99.9).write(tmp_path)
    assert path.read_bytes() == before


def test_of_two_writers_one_wins_and_nothing_else_is_left(tmp_path):
    start, errors = threading.Barrier(2), []

    def write(top1: float) -> None:
        start.wait()
        try:
            make_record(top1).write(tmp_path)
        except FileExistsError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(top1,)) for top1 in (10.0, 20.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert len(list(tmp_path.iterdir())) == 1
    assert records.scan(tmp_path)[1] == []


def test_failed_attempts_are_numbered_and_do_not_block_a_later_success(tmp_path):
    names = [make_record(failed=True).write(tmp_path).name for _ in range(3)]
    head = make_record().run_id
    assert names == [f"{head}.failed-{n}.json" for n in (1, 2, 3)]
    make_record().write(tmp_path)
    found, problems = records.scan(tmp_path)
    assert [r.status for r in found].count("failed") == 3
    assert problems == []


def test_every_record_in_the_repository_is_whole_and_fits_the_committed_schema():
    found, problems = records.scan(PROJECT / "runs")
    assert problems == []
    schema = json.loads((PROJECT / "runs" / "schema" / "run-record-v1.json").read_text())
    for record in [*found, make_record(epochs=2), make_record(failed=True)]:
        jsonschema.validate(json.loads(record.to_json()), schema)


@pytest.mark.parametrize("folder", ["runs", "runs/ablation"])
def test_a_record_of_the_repository_is_written_again_as_its_file_with_its_digest(folder):
    """Also one that was made before there were some of the fields."""
    paths = sorted((PROJECT / folder).glob("*.json"))
    assert paths
    for path in paths:
        record = records.read(path)
        assert record.to_json() == path.read_text()
        assert record.sealed().digest == record.digest


def test_the_conditions_of_a_session_come_back(tmp_path):
    conditions = Conditions(
        device="cpu",
        device_name="CPU",
        cpu="Example CPU",
        cpu_capability="AVX2",
        cpu_extensions=("avx2", "fma"),
        threads=2,
        packages={"torch": "2.14.1"},
        settings={"mkldnn": "off"},
        source_sha256="ab" * 32,
    )
    known = Session(epoch=1, step=3, started_utc="2025-01-02T03:00:00Z", conditions=conditions)
    first = make_record()
    record = first.model_copy(update={"sessions": (*first.sessions, known)})
    assert [s.conditions for s in records.read(record.write(tmp_path)).sessions] == [None, conditions]


def change(document: dict, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for key in parents:
        document = document[int(key) if key.isdigit() else key]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("epochs.0.test.top1", 99.0, "changed after it was written"),
        ("digest", "0" * 64, "changed after it was written"),
        ("schema.version", 2, "has schema version 2, this program reads version 1"),
        ("schema.name", "something.else", "is not a run record"),
        ("schema", None, "is not a run record"),
    ],
)
def test_a_changed_record_is_reported_by_name(tmp_path, path, value, reason):
    written = make_record(58.7).write(tmp_path)
    document = json.loads(written.read_text())
    change(document, path, value)
    written.write_text(json.dumps(document))
    found, (problem,) = records.scan(tmp_path)
    assert found == []
    assert problem.file == written.name
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("run_id", "another", "does not belong to the configuration"),
        ("status", "failed", "status is failed but failure is None"),
        ("epochs.0.epoch", 2, "epochs are not numbered"),
        ("config.epochs", 3, "does not belong to the configuration"),
        ("config.arch", "resnet81", "unknown architecture"),
        ("test_correct", None, "lacks a result"),
        ("test_correct", records.pack_correct(np.zeros(1000)), "per-image results differ"),
        ("final_epoch.test_top1", 100.0, "not the one of the epochs listed"),
        ("surprise", 1, "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_sealed_record_that_contradicts_itself_is_refused(tmp_path, path, value, reason):
    written = make_record(58.7).write(tmp_path)
    document = json.loads(written.read_text())
    change(document, path, value)
    document["digest"] = records.content_digest(document)
    written.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="does not fit the schema") as error:
        records.read(written)
    assert reason in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"1"])
def test_any_other_file_is_a_problem_and_never_an_exception(tmp_path, content):
    (tmp_path / "foreign.json").write_bytes(content)
    (tmp_path / "folder.json").mkdir()
    found, problems = records.scan(tmp_path)
    assert found == []
    assert [p.file for p in problems] == ["folder.json", "foreign.json"]


def test_a_record_under_a_foreign_name_is_a_problem(tmp_path):
    make_record().write(tmp_path).rename(tmp_path / "copy.json")
    _, (problem,) = records.scan(tmp_path)
    assert "the name does not match" in problem.reason


def test_best_and_final_epoch_are_kept_apart():
    record = make_record(epochs=3)
    low = record.epochs[2].model_copy(update={"test": record.epochs[0].test})
    final, best = records.choose((*record.epochs[:2], low))
    assert (final.epoch, final.chosen_by) == (3, "last epoch")
    assert (best.epoch, best.chosen_by) == (2, "highest test top-1")


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_packed_correctness_comes_back(correct):
    record = make_record()
    data = record.data.model_copy(update={"test_images": len(correct)})
    packed = record.model_copy(update={"test_correct": records.pack_correct(correct), "data": data})
    assert packed.correct().tolist() == correct


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("/home/a b/runs/published/x.csv has the columns a", "has the columns a"),
        ("/tmp/runs/published/x.csv: cannot be read", "cannot be read"),
        (
            "cannot be read: [Errno 2] No such file: '/tmp/runs/published/x.csv'",
            "cannot be read: [Errno 2] No such file",
        ),
        ("has no line for vgg16/bn", "has no line for vgg16/bn"),
    ],
)
def test_a_problem_does_not_show_where_the_file_lies_on_this_machine(reason, shown):
    assert records.Problem("published/x.csv", reason).reason == shown
