"""A service that contradicts itself: every contradiction is told, nothing that was fetched is lost."""

from __future__ import annotations

import asyncio
import re

import pytest
from fake_server import citation, serving

from ndcore import cli
from ndreport.citations import semantic_scholar
from ndreport.citations.contexts import read_corpus, read_index
from ndreport.citations.snapshots import snapshots

LIST = [citation(i, f"Text {i} about it.") for i in range(250)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No time passes between two requests."""

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    quick = semantic_scholar.Patience(attempts=2, sleep=sleep)
    monkeypatch.setattr(semantic_scholar, "Patience", lambda: quick)


def command(server, *more: str) -> int:
    return cli.main(["citations", "fetch", "--address", server.address, *more])


CONTRADICTIONS = [
    ({100: {"data": [], "next": None}}, "from citation 101 on: it is empty, although the page before it says that"),
    ({100: {"data": []}}, "from citation 101 on: it holds 0 citations, but the next page is said to begin with 201"),
    (
        {0: {"data": LIST[:87]}},
        "from citation 1 on: it holds 87 citations, but the next page is said to begin with 101",
    ),
    ({0: {"data": LIST[:120]}}, "from citation 1 on: it holds 120 citations, but the next page is said to begin with"),
    ({0: {"next": 150}, 150: {"next": None}}, "holds 100 citations, but the next page is said to begin with 151"),
    ({0: {"next": None, "total": 250}}, "from citation 1 on: it counts 250 citations in all"),
    (
        {200: {"citationCount": 251}},
        "from citation 201 on: the list ends after 250 citations, but the service counts another",
    ),
    ({100: {"total": 249}, 200: {"total": 250}}, "from citation 101 on: it counts 249 citations in all"),
    (
        {0: {"total": 250}, 100: {"next": None}},
        "from citation 101 on: the list ends after 200 citations, but the service counts",
    ),
    ({100: {"data": LIST[99:199]}}, rf"from citation 101 on: papers that it repeats: 1, the first is 0*{99:x}\n"),
    ({0: {"data": [*LIST[:99], LIST[0]]}}, "from citation 1 on: papers that it repeats: 1,"),
    ({100: {"data": LIST[:100]}}, "from citation 101 on: papers that it repeats: 100,"),
]


@pytest.mark.parametrize(("changes", "told"), CONTRADICTIONS)
def test_a_contradiction_is_told_and_the_next_call_mends_it(changes, told, runs, capsys):
    with serving(LIST) as server:
        server.changes = changes
        assert command(server) == 2
        out, err = capsys.readouterr()
        assert re.search(rf"contradiction in fetch \w+, page .*{told}", out)
        assert "the service contradicts itself" in err.splitlines()[-1]
        assert "`ndcore citations fetch` asks for the doubtful pages again" in err.splitlines()[-1]
        assert len(read_corpus(runs / "citations" / "cache").papers) >= 87
        assert cli.main(["citations", "status"]) == 0
        assert re.search(told, capsys.readouterr().out)
        server.changes = {}
        server.asked.clear()
        assert command(server) == 0
    assert len(server.asked) < 4
    assert len(snapshots(runs / "citations" / "cache")) == 1
    assert len(read_corpus(runs / "citations" / "cache").papers) == 250
    assert read_index(runs / "citations" / "contexts.csv").papers == 250


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"offset": 0}, "it is said to start at 0, not at 100"),
        ({"offset": "there"}, "it is said to start at 'there', not at 100"),
        ({"next": 100}, "its next page is said to start at 100"),
        ({"next": 0}, "its next page is said to start at 0"),
    ],
)
def test_a_page_of_another_place_is_refused_and_the_next_call_goes_on(change, told, runs, capsys):
    with serving(LIST) as server:
        server.changes = {100: change}
        assert command(server) == 2
        assert f"(an answer that is no page: {told})" in capsys.readouterr().err
        assert server.asked == [0, 100, 100]
        server.changes = {}
        assert command(server) == 0
        assert server.asked == [0, 100, 100, 100, 200]
    assert len(read_corpus(runs / "citations" / "cache").papers) == 250


def test_a_worse_answer_replaces_no_better_one(runs, capsys):
    with serving(LIST) as server:
        server.changes = {100: {"data": LIST[100:187]}}
        assert command(server) == 2
        server.changes = {100: {"data": []}}
        assert command(server) == 2
    assert server.asked == [0, 100, 200, 100]
    assert len(read_corpus(runs / "citations" / "cache").papers) == 237


def test_a_short_page_that_says_so_is_followed(runs):
    """No contradiction: the next page begins where this one ends."""
    with serving(LIST) as server:
        server.changes = {0: {"data": LIST[:46], "next": 46}}
        assert command(server) == 0
    assert server.asked == [0, 46, 146, 246]
    assert len(read_corpus(runs / "citations" / "cache").papers) == 250


def test_a_doubtful_fetch_does_not_replace_a_sound_one(runs, capsys):
    with serving(LIST) as server:
        assert command(server) == 0
        sound = snapshots(runs / "citations" / "cache")[0]
        sound.folder.rename(sound.folder.with_name("20200101T000000Z"))
        server.changes = {0: {"next": None, "total": 250}}
        assert command(server, "--refresh") == 2
        assert "`ndcore citations fetch --refresh` asks for the doubtful pages again" in capsys.readouterr().err
    assert len(read_corpus(runs / "citations" / "cache").papers) == 250
    assert read_index(runs / "citations" / "contexts.csv").papers == 250
    assert len(snapshots(runs / "citations" / "cache")) == 2


def test_a_list_that_is_longer_than_one_may_read_is_not_taken_for_complete(runs, capsys):
    with serving(LIST) as server:
        server.changes = {0: {"next": 10_000}}
        assert command(server) == 2
    assert "citations from 10001 on, but gives no such page" in capsys.readouterr().err
