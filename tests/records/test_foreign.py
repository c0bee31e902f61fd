"""Files that anybody may have made: a reader ends in a value or in one printable line."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from record_factory import make_record

from ndcore import foreign
from ndcore.experiment import leases, records
from ndcore.experiment.failures import last_failure
from ndcore.experiment.holders import Holder
from ndcore.grid.status import Overview
from ndcore.problems import LONGEST, Problem, printable
from ndreport.evidence.yaml_files import read_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("read", "content", "says"),
    [
        (foreign.read_json, b"", "Expecting value"),
        (foreign.read_json, b"[" * 100_000, "nested too deeply"),
        (foreign.read_json, b'{"a":' * 100_000, "nested too deeply"),
        (foreign.read_json, '{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (foreign.read_json, b'"\xed\xa0\x80"', "not UTF-8"),
        (foreign.read_json, b'"\\ud800"', "half of a surrogate pair"),
        (foreign.read_json, b'"\0"', "NUL"),
        (foreign.read_json, b'{"a": 1, "a": 2}', "the key 'a' is there twice"),
        (foreign.read_json, b"9" * 5000, "at most 64 bits"),
        (foreign.read_json, b"9223372036854775808", "at most 64 bits"),
        (foreign.read_json, b"1e309", "expected a number below 1e+100, got '1e309'"),
        (read_yaml, b"[" * 100_000, "nested too deeply"),
        (read_yaml, b"a: 2026-13-01", "month must be in 1..12"),
        (read_yaml, b"a: " + b"9" * 5000, "digits"),
        (read_yaml, b"a: !!timestamp x", "AttributeError"),
        (read_yaml, b"a: 1\na: 2", "a key is there twice in the entry of line 1"),
        (read_yaml, b"&a [*a]", "nested too deeply"),
        (read_yaml, BOMB.encode(), "more than 100000 values"),
        (read_yaml, MERGED.encode(), "merge key"),
        (read_yaml, b'"\\ud800"', "half of a surrogate pair"),
        (foreign.read_csv, b"", "it is empty"),
        (foreign.read_csv, b'a,b\n"1"x,2\n', "expected after"),
        (foreign.read_csv, b"a\n" + b"x" * 200_000, "field limit"),
        (foreign.read_csv, b"\xff\xfea", "not UTF-8"),
    ],
)
def test_content_that_is_refused_says_why_in_one_line(tmp_path, read, content, says):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(says)) as refused:
        read(path)
    assert type(refused.value) is ValueError
    assert str(refused.value).isprintable()


def test_a_byte_order_mark_is_no_content(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbf[1]")
    assert foreign.read_json(path) == read_yaml(path) == [1]
    assert foreign.read_csv(path) == [["[1]"]]


def test_yaml_that_a_program_wrote_with_aliases_is_read(tmp_path):
    (tmp_path / "x").write_text("a: &b [1]\nc: *b\n")
    assert read_yaml(tmp_path / "x") == {"a": [1], "c": [1]}


def test_only_regular_files_are_opened_and_only_up_to_the_limit(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "large").write_bytes(b"12345")
    for name, says in {"pipe": "a pipe", "device": "a device", "large": "larger than", "none": "no such file"}.items():
        with pytest.raises(ValueError, match=says):
            foreign.read_bytes(tmp_path / name, limit=4)
    assert foreign.read_bytes(tmp_path / "large", limit=5) == b"12345"


def test_a_folder_that_is_no_folder_is_a_problem_and_none_is_empty(tmp_path):
    (tmp_path / "file").touch()
    assert foreign.files(tmp_path / "file", ".json", "bench") == (
        [],
        [Problem("bench", "cannot be read: not a directory")],
    )
    assert foreign.files(tmp_path / "none", ".json") == ([], [])


def test_a_reader_leaves_it_to_its_caller_to_say_that_a_file_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"^no such file or directory$"):
        foreign.read_csv(tmp_path / "none.csv")


def test_names_and_reasons_can_be_shown_everywhere():
    name = os.fsdecode(b"\xff\x1b[31m.json")
    problem = Problem(name, f"/home/x/runs/{name}, line 3: holds\n\ud800 " + "x" * 1000)
    assert problem.file == printable(name) == "\\xff\\x1b[31m.json"
    assert problem.reason.startswith("line 3: holds \\ud800 xxx")
    assert len(problem.reason) == LONGEST + 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("epochs.0.seconds.train", 0.0),
        ("epochs.0.seconds.data", -1.0),
        ("epochs.0.test.top5", float("nan")),
        ("epochs.0.running_train.top1", 101.0),
        ("data.test_images", 0),
        ("data.test_images", 2**62),
        ("data.train_images", 0),
        ("test_correct", "é"),
    ],
)
def test_sealed_numbers_that_nothing_can_be_computed_from_are_refused(tmp_path, path, value):
    written = make_record(58.7).write(tmp_path)
    document = json.loads(written.read_text())
    place = document
    *parents, last = path.split(".")
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    place[last] = value
    document["digest"] = records.content_digest(document)
    written.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="does not fit the schema"):
        records.read(written)


def test_a_network_that_diverged_with_its_last_step_keeps_its_record(tmp_path):
    record = make_record(58.7)
    worst = record.epochs[0].test.model_copy(update={"loss": float("nan")})
    record = record.model_copy(update={"epochs": (record.epochs[0].model_copy(update={"test": worst}),)})
    assert records.read(record.write(tmp_path)).run_id == record.run_id


def lease(work: Path, name: str) -> Path:
    (work / "lease").mkdir(parents=True)
    return work / "lease" / name


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_holds_no_lease(tmp_path, make):
    make(lease(tmp_path, replace(Holder.this_process(), host="elsewhere").name))
    assert leases.current(tmp_path) is None


def test_a_lease_whose_name_cannot_be_shown_is_none(tmp_path):
    lease(tmp_path, os.fsdecode(b"\xff,x,1,2,now,nonce")).touch()
    lease(tmp_path / "other", "\x1b[31m,x,1,2,now,nonce").touch()
    assert leases.current(tmp_path) is leases.current(tmp_path / "other") is None


def test_status_shows_no_name_as_it_is_that_a_terminal_would_act_upon(tmp_path):
    names = (b"\xff-x-bn-e1-s0-r0-00000000", b"a\x1b[31m-x-bn-e1-s0-r0-00000000")
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name + b".json")).touch()
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/work/" + name)).mkdir(parents=True)
    overview = Overview.read(tmp_path)
    assert overview.found == {}
    assert all(line.isprintable() for line in overview.to_text())


def test_the_last_failure_is_found_beside_files_that_only_look_like_one(tmp_path):
    record = make_record(failed=True)
    written = [record.write(tmp_path) for _ in range(2)]
    for end in ("x", "", "99.old"):
        (tmp_path / f"{record.run_id}.failed-{end}.json").touch()
    assert last_failure(tmp_path, record.run_id) == written[-1]
