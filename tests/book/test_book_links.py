"""Links that leave the book: published code at an exact commit, and a few other places that stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

from ndreport.evidence.sources import HOST, KNOWN, REPOSITORIES

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("book", "notebooks", "runs/published")
    for path in (REPOSITORY / folder).glob("*")
    if path.suffix in (".ipynb", ".md", ".bib")
)
ADDRESS = re.compile(r"\b[a-z]+://[^\s)>\]}\"'`]+")
STAYING = {
    *("arxiv.org", "doi.org", "jmlr.org"),  # papers
    *("www.cs.toronto.edu", "www.flickr.com"),  # data sets and photographs
    *("docs.pytorch.org", "papermill.readthedocs.io", "jfly.uni-koeln.de"),  # documentation
}
OTHERS = {"https://github.com/facebookincubator/submitit"}
LINES = re.compile(r"L\d+(-L\d+)?")


def complaint(address: str) -> str:
    """Why a link must not stand in the book, "" if it may."""
    url = urlsplit(address)
    staying = url.scheme == "https" and (address in OTHERS or url.netloc in STAYING)
    return "" if staying else next((f"{address}: {why}" for wrong, why in rules(address) if wrong), "")


def rules(address: str) -> Iterator[tuple[bool, str]]:
    """What a link to public code has to be, one thing after the other: whether it is wrong, and how to say so."""
    url = urlsplit(address)
    owner, name, kind, commit, path = (*url.path.strip("/").split("/", 4), "", "", "", "", "")[:5]
    study = next((key for key, whole in REPOSITORIES.items() if whole == f"{owner}/{name}"), "")
    held = KNOWN.get((study, commit), ())
    yield url.scheme != "https", "not https"
    yield f"https://{url.netloc}" != HOST or not study, "a host or a repository that is not on the list"
    yield kind not in ("blob", "tree", "commit") or not held, "no commit that is known, with all its digits"
    yield kind == "blob" and path not in held, "no file that is known at this commit"
    yield kind == "tree" and not any(f"{file}/".startswith(path) for file in held), "no folder that is known there"
    yield bool(url.fragment) and not LINES.fullmatch(url.fragment), "no lines"


COMMIT = "eeae459fc436ae26b033c49f8b5cf85852fb28fc"
ORIGINAL = f"{HOST}/yechengxi/deconvolution"


@pytest.mark.parametrize(
    "address",
    [f"{ORIGINAL}/blob/{COMMIT}/main.py#L64-L69", f"{ORIGINAL}/tree/{COMMIT}/models", f"{ORIGINAL}/commit/{COMMIT}"],
)
def test_a_link_to_a_known_place_is_fine(address):
    assert complaint(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (ORIGINAL, "no commit"),
        (f"{ORIGINAL}/blob/master/main.py", "no commit"),
        (f"{ORIGINAL}/blob/eeae459/main.py", "no commit"),
        (f"{ORIGINAL}/blob/{COMMIT}/unknown.py", "no file"),
        (f"{ORIGINAL}/tree/{COMMIT}/unknown", "no folder"),
        (f"{ORIGINAL}/blob/{COMMIT}/main.py#results", "no lines"),
        (f"{HOST}/somebody/deconvolution", "a repository"),
        ("https://example.org/page", "a host"),
        ("http://arxiv.org/abs/1905.11926", "not https"),
    ],
)
def test_a_link_to_elsewhere_is_refused(address, why):
    assert why in complaint(address)


def texts(path: Path) -> str:
    """The Markdown of a page, or the whole file."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_links_of_a_source_stay(path):
    assert [why for address in ADDRESS.findall(texts(path)) if (why := complaint(address))] == []


def test_the_list_of_public_files_is_that_of_the_code():
    text = (REPOSITORY / "runs" / "published" / "README.md").read_text().split("## Public files and their commits")[1]
    listed = [urlsplit(address).path for address in ADDRESS.findall(text) if "/blob/" in address]
    known = [f"/{REPOSITORIES[study]}/blob/{commit}/{p}" for (study, commit), paths in KNOWN.items() for p in paths]
    assert listed == known


@pytest.mark.end_to_end
def test_the_links_of_the_built_book_stay(book):
    pages = [BeautifulSoup(page.read_text(), "html.parser") for page in book.pages]
    addresses = {link["href"] for page in pages for link in page.find_all("a", href=True)}
    outside = {address for address in addresses if urlsplit(address).scheme not in ("", "data")}
    assert len(outside) > 50  # at least those of the list of public files
    assert [why for address in sorted(outside) if (why := complaint(address))] == []
