"""The citations of a paper from the Semantic Scholar Graph API, through the package `semanticscholar`.

The package knows the addresses, fields and paging of the interface. As of version 0.12 it drops the waiting time that
the server asks for, and takes an answer like "503 Service Unavailable" for an empty page, which would end a list early
without a word. `PageRequester` therefore replaces the part of it that asks for one page: it waits as told, asks again
after a server error, keeps every page, and asks for none that is kept already, unless the page contradicts another one
or itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs

import httpx
from semanticscholar import AsyncSemanticScholar
from semanticscholar.ApiRequester import ApiRequester
from semanticscholar.PaginatedResults import PaginatedResults
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from ndcore.data.proxies import Proxy, is_address, proxy_for
from ndcore.errors import UserError
from ndreport.citations.contexts import tidy
from ndreport.citations.contradictions import contradictions
from ndreport.citations.snapshots import Body, Snapshot, check_body

ORIGINAL = "ARXIV:1905.11926"
"""The original study, as the Graph API names it."""
FIELDS = ["contexts", "title", "year"]
PAGE = 100
"""Citations per page. Small, so that an interrupted fetch loses little; the interface allows up to 1000."""
BACKOFF = wait_exponential(multiplier=2, max=60) + wait_random(0, 1)
"""Seconds before asking again where the server names none."""
UNREACHABLE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
KEPT = "what was fetched is kept, the same command goes on from there"


@dataclass(frozen=True)
class Patience:
    """How the server is treated."""

    pause: float = 1.0
    """Seconds between two requests."""
    attempts: int = 8
    """Requests for one page before giving up."""
    longest: float = 300.0
    """Seconds that a server may ask to wait; if it asks for more, this is said and left to the user."""
    timeout: float = 30.0
    """Seconds without an answer that count as none."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class AskAgain(Exception):
    """The server could not answer now; `wait` is the time in seconds that it asks for, if it does."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class PageRequester(ApiRequester):
    """Answers the package's requests for pages from a snapshot, and from the server what is not there yet."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        proxy: Proxy | None,
        snapshot: Snapshot,
        patience: Patience,
        report: Callable[[str], object],
    ) -> None:
        super().__init__(patience.timeout, retry=False)
        self._proxy = proxy
        self._client, self._snapshot, self._patience, self._report = client, snapshot, patience, report
        self._doubtful = set(snapshot.contradictions)
        self._requests = 0

    async def get_data_async(self, url: str, parameters: str, headers: dict, payload: dict | None = None) -> Body:
        """One page. What the package asks for is in `parameters`, a query with the offset of the page."""
        parameters = parameters.lstrip("&")
        offset = int(parse_qs(parameters)["offset"][0])
        kept = self._snapshot.read(offset)
        if kept is not None and offset not in self._doubtful:
            return _to_be_followed(kept)
        again = AsyncRetrying(
            retry=retry_if_exception_type(AskAgain),
            stop=stop_after_attempt(self._patience.attempts),
            wait=_wait,
            sleep=self._patience.sleep,
            before_sleep=lambda state: self._report(
                f"{state.outcome.exception()}, waiting {state.upcoming_sleep:.0f} s"
            ),
            reraise=True,
        )
        try:
            body = await again(self._ask, url, parameters, headers, offset)
        except AskAgain as error:
            tries = self._patience.attempts
            raise UserError(f"no page from {httpx.URL(url).host} after {tries} requests ({error}); {KEPT}") from None
        if kept is not None and len(kept["data"]) > len(body["data"]) and contradictions([(offset, body)]):
            body = kept  # the new answer is doubtful too, and holds less
        self._snapshot.write(offset, body)
        self._report(f"citations from {offset + 1} on")
        return _to_be_followed(body)

    async def _ask(self, url: str, parameters: str, headers: dict, offset: int) -> Body:
        if self._requests:
            await self._patience.sleep(self._patience.pause)
        self._requests += 1
        try:
            answer = await self._client.get(f"{url}?{parameters}", headers=headers)
        except UNREACHABLE as error:
            host, through, right = httpx.URL(url).host, "", ""
            if self._proxy:
                through, right = f" through the proxy that {self._proxy.origin} names", ", and is the proxy right"
            raise UserError(f"{host} cannot be reached{through} ({error}): is the network on{right}? {KEPT}") from None
        except httpx.RequestError as error:
            raise AskAgain(str(error) or type(error).__name__) from None
        if answer.status_code == 429 or answer.status_code >= 500:
            wait = _seconds(answer.headers.get("Retry-After", ""))
            if wait is not None and wait > self._patience.longest:
                host = httpx.URL(url).host
                raise UserError(f"{host} asks to come back in {wait:.0f} s; until then wait: {KEPT}")
            raise AskAgain(f"HTTP {answer.status_code}", wait)
        if answer.status_code == 404:
            raise UserError(f"{url} is not there (HTTP 404): the server does not know the paper, or this address")
        if answer.status_code != 200:
            raise UserError(f"{url} is refused: HTTP {answer.status_code} {tidy(answer.text)[:160]}; {KEPT}")
        try:
            return check_body(answer.json(), offset)
        except (ValueError, RecursionError) as error:
            raise AskAgain(f"an answer that is no page: {error}") from None


def _wait(state: RetryCallState) -> float:
    """As long as the server says, else longer every time."""
    asked = state.outcome.exception().wait
    return BACKOFF(state) if asked is None else asked


def _seconds(header: str) -> float | None:
    """Seconds that a `Retry-After` header asks to wait: a number, or a date (RFC 9110, 10.2.3); None if neither."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # no date, or one without a time zone
        return None


def _to_be_followed(body: Body) -> Body:
    """A page as the package needs it: it goes on only where `next` is the page's offset plus the number asked for."""
    following = body.get("next")
    return body if following is None else body | {"offset": following - PAGE}


def _as_it_is(record: object) -> object:
    """What the package makes of a record: nothing. Its own types fail on a record without a citing paper."""
    return record


def fetch(
    snapshot: Snapshot,
    paper: str = ORIGINAL,
    address: str | None = None,
    key: str | None = None,
    patience: Patience | None = None,
    report: Callable[[str], object] = lambda event: None,
) -> None:
    """Complete a snapshot: ask for every page of citations that it does not hold yet, or that is not sound.

    The service may contradict itself nonetheless: `snapshot.contradictions` says where.

    Args:
        paper: in a form that the Graph API knows.
        address: of the server; None: the public one.
        key: of an account at Semantic Scholar, sent as a header and kept nowhere; None: the public share.
        report: is told in a few words about every page and every wait.

    Raises:
        UserError: no network, the server refuses or fails for good, or its list is longer than it lets one read.
    """
    if address is not None and not is_address(address, ("http", "https")):
        raise UserError(f"address {address!r}: one like https://api.semanticscholar.org is needed")
    if key and not (key.isascii() and key.isprintable()):
        raise UserError("the key holds a character that no key has")
    _run(lambda: _fetch(snapshot, paper, address, key or None, patience or Patience(), report))
    if (offset := snapshot.missing) is not None:
        raise UserError(f"the server says that there are citations from {offset + 1} on, but gives no such page")


def _run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run to the end, also where an event loop is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def _transport(proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
    try:
        return httpx.AsyncHTTPTransport(proxy=proxy and proxy.address)
    except ImportError:
        raise proxy.unusable(
            "names a SOCKS proxy, for which the package socksio is needed (pip install socksio)"
        ) from None
    except (ValueError, httpx.InvalidURL):
        raise proxy.unusable("holds no address of a proxy") from None


async def _fetch(
    snapshot: Snapshot,
    paper: str,
    address: str | None,
    key: str | None,
    patience: Patience,
    report: Callable[[str], object],
) -> None:
    server = AsyncSemanticScholar(api_url=address and address.rstrip("/"), api_key=key)
    url = f"{server.api_url}{server.BASE_PATH_GRAPH}/paper/{paper}/citations"
    proxy = proxy_for(url)
    # With a transport of its own the client does not read the proxy variables, some of which it cannot stand.
    async with httpx.AsyncClient(timeout=patience.timeout, transport=_transport(proxy)) as client:
        requester = PageRequester(client, proxy, snapshot, patience, report)
        results = await PaginatedResults.create(
            requester, _as_it_is, url, fields=FIELDS, limit=PAGE, headers=server.auth_header
        )
        async for _ in results:
            pass  # the pages themselves are what is wanted, and the requester keeps them
