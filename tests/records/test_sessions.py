"""What decides the bits of two sessions and is not the same: named, and nothing else is."""

from __future__ import annotations

import pytest
import torch

from ndcore import machine
from ndcore.errors import UserError
from ndcore.training.conditions import Conditions, Session, changes, differences, remark, threads_to_take
from ndcore.training.session import describe_conditions
from ndcore.training.threads import parse_threads

CPU = Conditions(
    device="cpu",
    device_name="CPU",
    cpu="Example CPU",
    cpu_capability="AVX2",
    cpu_extensions=("avx2", "fma"),
    threads=2,
    packages={"torch": "2.14.1", "numpy": "2.4.0"},
    settings={},
    source_sha256="ab" * 32,
)
GPU = CPU.model_copy(
    update={"device": "cuda", "device_name": "GPU A", "packages": CPU.packages | {"cuda": "13.0", "cudnn": "9"}}
)


@pytest.mark.parametrize(
    ("before", "changed", "expected"),
    [
        (CPU, {}, {}),
        (CPU, {"threads": 1}, {"threads": "threads 2 → 1"}),
        (CPU, {"cpu": "Another"}, {"cpu": "CPU Example CPU → Another"}),
        (CPU, {"cpu_capability": "AVX512"}, {"cpu": "CPU capability AVX2 → AVX512"}),
        (
            CPU,
            {"cpu_extensions": ("avx2", "avx512f")},
            {"cpu": "a CPU of the same name without fma, with avx512f"},
        ),
        (CPU, {"packages": {"torch": "2.15", "numpy": "2.4.0"}}, {"packages": "torch 2.14.1 → 2.15"}),
        (CPU, {"settings": {"mkldnn": "off"}}, {"settings": "mkldnn not set → off"}),
        (CPU, {"source_sha256": "cd" * 32}, {"code": "source of ndcore abababab → cdcdcdcd"}),
        (CPU, GPU.model_dump() | {"threads": 7}, {"device": "device CPU → GPU A"}),
        (GPU, {"threads": 1, "cpu": "Another"}, {}),
        (GPU, {"device_name": "GPU B"}, {"device": "device GPU A → GPU B"}),
        (GPU, {"packages": GPU.packages | {"cudnn": "10"}}, {"packages": "cudnn 9 → 10"}),
    ],
)
def test_what_has_changed_is_named(before, changed, expected):
    assert differences(before, Conditions(**before.model_dump() | changed)) == expected


def test_this_process_is_described_as_it_computes(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.mkldnn, "enabled", False)
        now = describe_conditions(torch.device("cpu"))
    assert (now.threads, now.packages["torch"]) == (torch.get_num_threads(), torch.__version__)
    assert now.settings == {"ONEDNN_MAX_CPU_ISA": "AVX2", "mkldnn": "off"}
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    assert differences(now, describe_conditions(torch.device("cpu"))) == {
        "settings": "ONEDNN_MAX_CPU_ISA AVX2 → not set, mkldnn off → not set"
    }


def test_on_a_gpu_its_name_and_its_libraries_are_known_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GPU A")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 92400)
    now = describe_conditions(torch.device("cuda"))
    assert (now.device, now.device_name) == ("cuda", "GPU A")
    assert (now.packages["cuda"], now.packages["cudnn"]) == ("13.0", "92400")


@pytest.mark.parametrize(
    ("text", "name", "extensions"),
    [
        (
            "processor : 0\nmodel name\t: Some CPU: X\nflags\t\t: fpu avx2 sse avx fma\n",
            "Some CPU: X",
            ("avx", "avx2", "fma"),
        ),
        ("Features\t: fp asimd sve\n", None, ("asimd", "sve")),
        ("", None, ()),
    ],
)
def test_processors_are_told_apart_by_what_linux_says(monkeypatch, text, name, extensions):
    monkeypatch.setattr(machine.Path, "read_text", lambda path, **_options: text)
    monkeypatch.setattr(machine.platform, "processor", lambda: "its kind")
    assert machine.cpu_name() == (name or "its kind")
    assert machine.cpu_extensions() == extensions


@pytest.mark.parametrize(
    ("asked", "usable", "before", "expected"),
    [
        ("auto", 4, None, 4),
        ("keep", 4, None, 4),
        (3, 1, CPU, 3),
        ("auto", 4, CPU, 2),
        ("auto", 1, CPU, 1),
        ("keep", 1, CPU, 2),
        ("auto", 4, CPU.model_copy(update={"cpu": "Another"}), 4),
        ("auto", 4, CPU.model_copy(update={"source_sha256": ""}), 2),
        ("auto", 4, GPU, 4),
        ("keep", 4, GPU, 2),
    ],
)
def test_the_threads_of_a_session(asked, usable, before, expected):
    assert threads_to_take(asked, CPU.model_copy(update={"threads": usable}), before) == expected


def test_a_result_is_called_as_good_only_where_rounding_alone_has_changed():
    def said(**changed: object) -> str:
        now = CPU.model_copy(update=changed)
        return remark("auto", now, CPU, now)

    assert "as good as that of a run without interruption, but not bit-equal to it" in said(threads=1)
    assert "its result need not be that of a run without interruption" in said(settings={"NVIDIA_TF32_OVERRIDE": "1"})
    assert "as good" not in said(source_sha256="cd" * 32, threads=1)
    assert "--threads keep" not in said(cpu="Another", threads=1)
    assert said() == ""


@pytest.mark.parametrize(("value", "expected"), [("auto", "auto"), ("keep", "keep"), ("2", 2), (2, 2), ("1024", 1024)])
def test_threads_are_a_number_or_a_word(value, expected):
    assert parse_threads(value) == expected


@pytest.mark.parametrize("value", ["", "0", 0, -1, "1025", "9" * 5000, "two", "²", 1.5, True, None])
def test_threads_that_make_no_sense_are_refused_in_one_line(value):
    with pytest.raises(UserError, match="expected auto, keep, or a number from 1 to 1024") as refused:
        parse_threads(value)
    assert "\n" not in str(refused.value)


def test_changes_are_told_session_by_session():
    def session(conditions: Conditions | None) -> Session:
        return Session(epoch=1, step=0, started_utc="2025-01-02T03:00:00Z", conditions=conditions)

    other = CPU.model_copy(update={"threads": 1})
    assert changes([session(CPU), session(CPU), session(other), session(CPU)]) == [
        "session 3: threads 2 → 1",
        "session 4: threads 1 → 2",
    ]
    assert changes([session(None), session(CPU)]) == []
