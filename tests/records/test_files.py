"""Files appear whole or not at all, and a published one is never replaced."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from ndcore.files import publish_new, replace


def test_a_published_file_is_never_replaced(tmp_path):
    publish_new(tmp_path / "a.json", "first")
    with pytest.raises(FileExistsError):
        publish_new(tmp_path / "a.json", "second")
    assert (tmp_path / "a.json").read_text() == "first"
    assert os.listdir(tmp_path) == ["a.json"]


def test_of_many_writers_exactly_one_succeeds(tmp_path):
    outcomes = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        try:
            publish_new(tmp_path / "a.json", str(number) * 10_000)
            outcomes.append(number)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert (tmp_path / "a.json").read_text() == str(outcomes[0]) * 10_000
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("publish", [publish_new, lambda path, text: replace(path, lambda f: f.write(text.encode()))])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, publish):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "a.json", "text")
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_hard_links_still_never_overwrites(tmp_path, monkeypatch):
    def no_links(source: str, target: str) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    publish_new(tmp_path / "a.json", "first")
    with pytest.raises(FileExistsError):
        publish_new(tmp_path / "a.json", "second")
    assert (tmp_path / "a.json").read_text() == "first"


def failing_with(number: int):
    """A system call that the system refuses."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_without_hard_links_a_disk_that_is_full_leaves_nothing_in_the_place(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", failing_with(errno.ENOTSUP))
    monkeypatch.setattr(os, "replace", failing_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        publish_new(tmp_path / "a.json", "text")
    assert os.listdir(tmp_path) == []


def test_only_a_file_system_without_hard_links_does_without(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", failing_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        publish_new(tmp_path / "a.json", "text")
    assert os.listdir(tmp_path) == []


def test_replace_replaces(tmp_path):
    for text in (b"first", b"second"):
        replace(tmp_path / "a", lambda file, text=text: file.write(text))
    assert (tmp_path / "a").read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["a"]
