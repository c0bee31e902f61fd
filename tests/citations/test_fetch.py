"""Fetching: paging, waiting, failing, going on, and what becomes of malformed records. Against loopback only."""

from __future__ import annotations

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fake_server import Failure, citation, serving

from ndcore import cli
from ndcore.errors import UserError
from ndreport.citations.contexts import Context, digest, parse
from ndreport.citations.semantic_scholar import Patience, fetch
from ndreport.citations.snapshots import Snapshot, latest_complete, snapshots, to_continue

NOW = datetime(2026, 10, 21, 8, 0, 0, tzinfo=UTC)


class Clock:
    """Instead of sleeping: remembers for how long one would have."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock) -> Patience:
    return Patience(pause=0.25, attempts=3, timeout=5, sleep=clock.sleep)


@pytest.fixture
def snapshot(tmp_path) -> Snapshot:
    return to_continue(tmp_path / "cache", NOW)


def many(number: int) -> list[object]:
    return [citation(i, f"Text {i} about it.") for i in range(number)]


@pytest.mark.parametrize(("number", "offsets"), [(0, [0]), (1, [0]), (100, [0]), (101, [0, 100]), (250, [0, 100, 200])])
def test_every_page_is_asked_for_once_and_kept(number, offsets, snapshot, patience, clock):
    with serving(many(number)) as server:
        fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == offsets
    assert clock.slept == [0.25] * (len(offsets) - 1)
    corpus = parse(snapshot)
    assert [paper.title for paper in corpus.papers] == [f"Paper {i}" for i in range(number)]
    assert len(corpus.contexts) == number
    assert corpus.problems == []
    assert corpus.fetched == "2026-10-21"


def test_the_server_decides_how_long_to_wait(snapshot, patience, clock):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    with serving(many(3)) as server:
        server.failures[0] = [Failure(429, {"Retry-After": "7"}), Failure(503, {"Retry-After": moment})]
        events: list[str] = []
        fetch(snapshot, address=server.address, patience=patience, report=events.append)
    assert server.asked == [0, 0, 0]
    assert clock.slept[0] == 7
    assert 30 < clock.slept[2] <= 40
    assert events[0] == "HTTP 429, waiting 7 s"
    assert len(parse(snapshot).papers) == 3


@pytest.mark.parametrize(
    "failure", [Failure(429), Failure(500), Failure(502, body="<html>"), Failure(503), Failure(504)]
)
def test_a_server_error_is_no_end_of_the_list(failure, snapshot, patience, clock):
    """The package takes some of these for an empty page."""
    with serving(many(150)) as server:
        server.failures[100] = [failure]
        fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == [0, 100, 100]
    assert len(parse(snapshot).papers) == 150
    assert all(seconds > 0 for seconds in clock.slept)


DEEP = '{"data": ' + "[" * 100_000


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "{}", '{"data": null}', '{"data": [], "next": "soon"}', '{"data": [], "next": 0}', DEEP]
)
def test_an_answer_that_is_no_page_is_asked_for_again(body, snapshot, patience):
    with serving(many(2)) as server:
        server.failures[0] = [Failure(200, body=body)]
        fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == [0, 0]
    assert len(parse(snapshot).papers) == 2


def test_giving_up_keeps_what_is_there_and_going_on_asks_for_the_rest_only(snapshot, patience):
    """Interrupted after two pages of four."""
    with serving(many(350)) as server:
        server.failures[200] = [Failure(500)] * 3
        with pytest.raises(UserError, match=r"no page from 127.0.0.1 after 3 requests \(HTTP 500\); what was fetched"):
            fetch(snapshot, address=server.address, patience=patience)
        assert server.asked == [0, 100, 200, 200, 200]
        assert snapshot.missing == 200
        server.asked.clear()
        again = to_continue(snapshot.folder.parent, NOW + timedelta(hours=3))
        assert again == snapshot
        fetch(again, address=server.address, patience=patience)
    assert server.asked == [200, 300]
    assert snapshot.missing is None
    assert len(parse(snapshot).papers) == 350


def test_a_killed_fetch_goes_on_too(snapshot, patience):
    """Whatever stops it: KeyboardInterrupt comes between two pages, and a half-written page does not count."""

    def stop(event: str) -> None:
        if event == "citations from 101 on":
            raise KeyboardInterrupt

    with serving(many(350)) as server:
        with pytest.raises(KeyboardInterrupt):
            fetch(snapshot, address=server.address, patience=patience, report=stop)
        page = snapshot.folder / "offset-00100.json"
        page.write_bytes(page.read_bytes()[:50])
        server.asked.clear()
        fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == [100, 200, 300]


def test_a_complete_fetch_asks_for_nothing(snapshot, patience):
    with serving(many(120)) as server:
        fetch(snapshot, address=server.address, patience=patience)
        server.asked.clear()
        fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == []


def test_pages_of_different_days_are_not_mixed(tmp_path):
    old = Snapshot(tmp_path / "20261019T080000Z")
    old.write(0, {"offset": 0, "data": [], "next": 100})
    new = to_continue(tmp_path, NOW)
    assert new.folder.name == "20261021T080000Z"
    assert latest_complete(tmp_path) is None
    new.write(0, {"offset": 0, "data": []})
    assert latest_complete(tmp_path) == new
    (tmp_path / "notesTZ").mkdir()
    (tmp_path / "20269999T999999Z").mkdir()
    assert snapshots(tmp_path) == [old, new]


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (Failure(429, {"Retry-After": "3600"}), "asks to come back in 3600 s"),
        (
            Failure(403, body='{"message":"For\nbidden\x1b[31m"}'),
            r"refused: HTTP 403 {\"message\":\"For bidden \[31m\"}",
        ),
        (Failure(400, body='{"error":"bad"}'), "HTTP 400"),
        (Failure(302, {"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
        (Failure(404), "does not know the paper"),
    ],
)
def test_what_waiting_does_not_cure_is_one_line_at_once(failure, message, snapshot, patience):
    with serving(many(1)) as server:
        server.failures[0] = [failure]
        with pytest.raises(UserError, match=message) as error:
            fetch(snapshot, address=server.address, patience=patience)
    assert server.asked == [0]
    assert "\n" not in str(error.value)


def test_a_server_that_hangs_up_is_asked_again(snapshot, patience):
    with serving(many(1)) as server:
        server.failures[0] = [Failure(200, {"Content-Length": "5000"})]
        fetch(snapshot, address=server.address, patience=Patience(attempts=3, timeout=0.3, sleep=patience.sleep))
    assert server.asked == [0, 0]


def test_without_a_network_there_is_one_line(runs, capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert cli.main(["citations", "fetch", "--address", address]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("ndcore citations: 127.0.0.1 cannot be reached")
    assert "is the network on?" in err
    assert not list(runs.rglob("*.json"))


WRONG_ADDRESSES = [
    "api.semanticscholar.org",
    "ftp://host",
    "http://",
    "https://a b",
    "http://a\nb",
    "http://[::1",
    "http://[]",
    "http://:1",
    "http://host:port",
    "http://host:99999",
    "http://host:0",
    "http://h:1:2",
    f"http://{'a' * 64}.example",
]


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_an_address_that_is_none_is_refused(address, capsys):
    assert cli.main(["citations", "fetch", "--address", address]) == 2
    assert "one like https://api.semanticscholar.org is needed" in capsys.readouterr().err


def test_the_key_is_sent_and_kept_nowhere(runs, monkeypatch, capsys):
    monkeypatch.setenv("S2_API_KEY", "secret-of-a-user")
    with serving(many(1)) as server:
        assert cli.main(["citations", "fetch", "--address", server.address]) == 0
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["x-api-key"] == "secret-of-a-user"
    assert all(b"secret" not in path.read_bytes() for path in runs.rglob("*") if path.is_file())
    assert "secret" not in "".join(capsys.readouterr())


def test_a_key_that_is_none_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("S2_API_KEY", "two\nlines")
    assert cli.main(["citations", "fetch"]) == 2
    err = capsys.readouterr().err
    assert "the key holds a character that no key has" in err
    assert "two" not in err


def test_a_notebook_has_an_event_loop_already(snapshot, patience):
    async def cell() -> None:
        fetch(snapshot, address=server.address, patience=patience)

    with serving(many(120)) as server, ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(cell())).result()
    assert len(parse(snapshot).papers) == 120


def test_the_cache_is_not_for_git():
    from ndcore.experiment.folders import PROJECT  # noqa: PLC0415

    assert "runs/citations/cache/" in (PROJECT / ".gitignore").read_text().splitlines()


def test_a_digest_depends_on_the_words_only():
    assert digest("Ye et al.\n  (2020)") == digest(" Ye et al. (2020) ")
    assert digest("Ye et al. (2020)") != digest("Ye et al. (2021)")
    assert Context("p", "a").key != Context("q", "a").key


def test_a_page_on_disk_is_json_as_it_was_answered(snapshot, patience):
    with serving(many(1)) as server:
        fetch(snapshot, address=server.address, patience=patience)
    assert json.loads((snapshot.folder / "offset-00000.json").read_text()) == {"offset": 0, "data": many(1)}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path / "file"))
    with serving(many(1)) as server:
        assert cli.main(["citations", "fetch", "--address", server.address]) == 2
    assert "cannot write" in capsys.readouterr().err
