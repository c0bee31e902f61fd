"""Label files and the terminal helper: nothing is lost, whatever is typed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore import cli
from ndcore.errors import UserError
from ndreport.citations.contexts import Context, tidy
from ndreport.citations.labelling import ANSWERS, QUESTION, in_order, label_all
from ndreport.citations.labels import COLUMNS, label_files, label_path, read_labels, write_labels
from ndreport.citations.snapshots import Snapshot
from ndreport.evidence.citation_counts import LABELS

CONTEXTS = [Context(f"paper{i % 3}", f"Sentence {i} about deconvolution.") for i in range(5)]


def answering(*answers: str) -> Callable[[str], str]:
    """Someone who types these answers and then ends the input."""
    waiting = list(answers)

    def ask(question: str) -> str:
        if not waiting:
            raise EOFError
        return waiting.pop(0)

    return ask


def run(path: Path, *answers: str, contexts=CONTEXTS) -> tuple[list[str], str]:
    """The labels of the file afterwards in the order of showing ("" for none), and everything that was shown."""
    shown: list[str] = []
    returned = label_all(contexts, path, answering(*answers), shown.append)
    labels = read_labels(path) if path.exists() else {}
    assert labels == returned
    return [labels.get(context.key, "") for context in in_order(contexts)], "\n".join(shown)


def test_answers_become_labels_and_the_next_session_goes_on(tmp_path):
    path = tmp_path / "citations" / "labels.csv"
    assert run(path, "p", "n", "q")[0] == ["positive", "neutral", "", "", ""]
    labels, shown = run(path, "-", " P ")
    assert labels == ["positive", "neutral", "negative", "positive", ""]
    assert shown.startswith("2 of 5 contexts have a label")
    assert "[3 of 5]" in shown
    run(path, "n")
    assert run(path)[1] == f"5 of 5 contexts have a label in {path}."


def test_undo_takes_back_a_label_or_a_skip(tmp_path):
    path = tmp_path / "labels.csv"
    assert run(path, "p", "u")[0] == [""] * 5
    assert run(path, "p", "s", "u", "u", "n", "q")[0] == ["neutral", "", "", "", ""]
    labels, shown = run(path, "u", "q")
    assert labels == ["neutral", "", "", "", ""]
    assert "nothing to undo" in shown


def test_an_unknown_answer_is_asked_again(tmp_path):
    labels, shown = run(tmp_path / "labels.csv", "x", "", "positive", "p", "q")
    assert labels == ["positive", "", "", "", ""]
    assert "'x' is none of the answers" in shown


def test_the_file_holds_every_answer_before_the_next_question(tmp_path):
    path = tmp_path / "labels.csv"
    seen: list[int] = []

    def ask(question: str) -> str:
        seen.append(len(read_labels(path)) if path.exists() else 0)
        return "n"

    label_all(CONTEXTS, path, ask, lambda text: None)
    assert seen == [0, 1, 2, 3, 4]


def test_the_screen_has_no_control_characters_and_the_order_is_not_that_of_the_papers(tmp_path):
    text = "Evil \x1b[2J\x07 text. " * 20
    _, shown = run(tmp_path / "labels.csv", "q", contexts=[*CONTEXTS, Context("p", tidy(text))])
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert max(map(len, shown.splitlines())) <= 120
    ordered = in_order(CONTEXTS)
    assert ordered == in_order(CONTEXTS[::-1])
    assert [c.paper_id for c in ordered] != sorted(c.paper_id for c in ordered)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*ANSWERS, "s", "u", "?"]), max_size=12))
def test_the_file_is_what_a_list_with_undo_would_be(tmp_path_factory, answers):
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    expected: list[str] = []
    typed = []
    for answer in answers:
        if len(expected) == len(CONTEXTS):
            break
        typed.append(answer)
        if answer == "u":
            expected = expected[:-1]
        elif answer != "?":
            expected.append(ANSWERS.get(answer, ""))
    assert run(path, *typed)[0] == expected + [""] * (len(CONTEXTS) - len(expected))


HEX = st.text("0123456789abcdef", min_size=16, max_size=16)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.tuples(HEX, HEX), st.sampled_from(LABELS), max_size=6))
def test_a_label_file_is_read_as_it_was_written(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    write_labels(path, labels)
    assert read_labels(path) == labels


GOOD = "p1,0123456789abcdef,positive"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["paper,context,label", GOOD], "columns"),
        ([",".join(COLUMNS), GOOD, GOOD], "line 3: this context is labelled twice"),
        ([",".join(COLUMNS), GOOD.replace("positive", "good")], "line 2: label 'good' is not one of positive, neutral"),
        ([",".join(COLUMNS), GOOD.replace("abcdef", "")], "line 2: no context is named by"),
        ([",".join(COLUMNS), GOOD[2:]], "line 2|cannot be read|columns"),
        ([",".join(COLUMNS), GOOD + ",more"], "cannot be read|columns|no context"),
    ],
)
def test_a_damaged_label_file_is_refused_and_left_as_it_is(tmp_path, lines, message):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=message):
        label_all(CONTEXTS, path, answering("p"), lambda text: None)
    assert path.read_text() == "\n".join(lines)


def test_names_become_files(tmp_path):
    assert label_path(tmp_path).name == "labels.csv"
    assert label_path(tmp_path, "ann-2").name == "labels-ann-2.csv"
    for name in ("../x", "Ann", "a b", "-a"):
        with pytest.raises(UserError, match="small letters"):
            label_path(tmp_path, name)
    write_labels(label_path(tmp_path, "bob"), {})
    write_labels(label_path(tmp_path), {})
    assert [path.name for path in label_files(tmp_path)] == ["labels-bob.csv", "labels.csv"]


@pytest.fixture
def fetched(runs) -> Path:
    """A complete fetch with the contexts of this file."""
    data = [{"citingPaper": {"paperId": c.paper_id}, "contexts": [c.text]} for c in CONTEXTS]
    Snapshot(runs / "citations" / "cache" / "20261021T080000Z").write(0, {"offset": 0, "data": data})
    return runs / "citations"


def test_labelling_is_refused_without_a_terminal_and_without_texts(fetched, runs, capsys, monkeypatch):
    assert cli.main(["citations", "label"]) == 2
    assert "in a terminal; this input or output is none" in capsys.readouterr().err
    assert not list(fetched.glob("labels*"))
    monkeypatch.setenv("NDCORE_RUNS", str(runs / "elsewhere"))
    assert cli.main(["citations", "label"]) == 2
    assert "holds no complete fetch: `ndcore citations fetch` makes one" in capsys.readouterr().err


IN_ITS_TERMINAL = """
import fcntl, signal, sys, termios
from ndcore.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests in the background has it ignored
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that control characters become signals
sys.exit(main(["citations", "label", "ann"]))
"""


class Terminal:
    """The labelling helper in a dumb terminal without colour, and someone who types."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.screen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_ITS_TERMINAL],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "60"},
            start_new_session=True,
        )
        os.close(theirs)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def read(self, seconds: float) -> bool:
        """Add what appears within this time to the screen; False if nothing does, or the terminal has ended."""
        try:
            shown = os.read(self._ours, 1024) if select.select([self._ours], [], [], seconds)[0] else b""
        except OSError:  # how Linux reports the end of a pseudo-terminal
            return False
        self.screen += shown.decode()
        return bool(shown)

    def wait_for(self, text: str) -> None:
        """Read until this is the last thing on the screen."""
        while not self.screen.endswith(text):
            assert self.read(60), self.screen

    def interrupt(self) -> None:
        """Press Ctrl-C, again if nothing happens: Python misses one that comes just before it begins to read."""
        for _ in range(20):
            if "interrupted" in self.screen:
                return
            self.type(b"\x03")
            while "interrupted" not in self.screen and self.read(3):
                pass
        pytest.fail(f"nothing is interrupted: {self.screen}")

    def close(self) -> int:
        """Read the rest; the exit code."""
        while self.read(60):
            pass
        os.close(self._ours)
        return self.process.wait(timeout=60)


@pytest.mark.parametrize("end", ["q", "end of input", "interrupt"])
def test_labelling_in_a_real_terminal(fetched, end):
    """What was answered before the end is in the file, however it ends."""
    terminal = Terminal()
    try:
        terminal.wait_for("quit: ")
        terminal.type(b"p\n")
        terminal.wait_for("p\r\n\r\n[2 of 5]\r\n" + terminal_text(in_order(CONTEXTS)[1]) + QUESTION)
        assert read_labels(fetched / "labels-ann.csv") == {in_order(CONTEXTS)[0].key: "positive"}
        if end == "interrupt":
            terminal.interrupt()
        else:
            terminal.type({"q": b"q\n", "end of input": b"\x04"}[end])
        assert terminal.close() == (130 if end == "interrupt" else 0)
    finally:
        terminal.process.kill()
        terminal.process.wait()
    said = "every page and every label that was answered" if end == "interrupt" else "1 of 5 contexts; 1 positive"
    assert said in terminal.screen
    assert "\x1b" not in terminal.screen
    assert read_labels(fetched / "labels-ann.csv") == {in_order(CONTEXTS)[0].key: "positive"}


def terminal_text(context: Context) -> str:
    """How a context of this file, which fits on a line, stands in the terminal."""
    return f"  {context.text}\r\n"
