"""A server on loopback that answers like the Graph API, or fails as it is told; it counts what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAPER_PATH = "/graph/v1/paper/ARXIV:1905.11926/citations"


def citation(number: int, *contexts: str, **changes: object) -> dict:
    """One record in the shape of the Graph API."""
    paper = {"paperId": f"{number:040x}", "title": f"Paper {number}", "year": 2021}
    return {"contexts": list(contexts), "citingPaper": paper} | changes


@dataclass
class Failure:
    """An answer instead of the page."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"message": "try later"}'


@dataclass
class FakeServer:
    """What the server knows, how it fails, and what it was asked."""

    citations: list[object]
    address: str = ""
    failures: dict[int, list[Failure]] = field(default_factory=dict)
    """By offset: what is answered first, one after the other."""
    asked: list[int] = field(default_factory=list)
    """The offsets, in the order of the requests."""
    headers: list[dict[str, str]] = field(default_factory=list)
    changes: dict[int, dict[str, object]] = field(default_factory=dict)
    """By offset: what is written over the page; None takes a key away."""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
        address = urlsplit(path)
        if address.path != PAPER_PATH:
            return 404, {}, json.dumps({"error": "Paper not found"})
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        offset, limit = int(query["offset"]), int(query["limit"])
        assert set(query["fields"].split(",")) == {"contexts", "title", "year"}
        self.asked.append(offset)
        self.headers.append(headers)
        if waiting := self.failures.get(offset):
            failure = waiting.pop(0)
            return failure.status, failure.headers, failure.body
        page = {"offset": offset, "data": self.citations[offset : offset + limit]}
        if offset + limit < len(self.citations):
            page["next"] = offset + limit
        page = {key: value for key, value in (page | self.changes.get(offset, {})).items() if value is not None}
        return 200, {"Content-Type": "application/json"}, json.dumps(page)


@contextmanager
def serving(citations: list[object]) -> Iterator[FakeServer]:
    """A running server; its address is one of this machine."""
    fake = FakeServer(citations)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = fake.answer(self.path, dict(self.headers))
            data = body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
