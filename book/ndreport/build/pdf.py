"""The whole book as one PDF: the built pages joined to one document that an installed Chromium prints."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag

import yaml

from ndcore.errors import UserError, not_installed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PDF_NAME = "re-network-deconvolution.pdf"
PRINTABLE_WIDTH = 688
"""Pixels (of 1/96 inch) between the margins of a page of A4 that has margins of 14 mm."""
MARGIN = {"left": "14mm", "right": "14mm", "top": "16mm", "bottom": "18mm"}
FOOTER = (
    '<div style="width: 100%; font: 8pt sans-serif; text-align: center; color: #333">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)
FIT = """() => {
  for (const box of document.querySelectorAll(".nd-scroll, .nd-math")) {
    const content = box.firstElementChild;
    const ratio = () => box.clientWidth / content.getBoundingClientRect().width;
    let zoom = 1;
    if (ratio() < 0.75) {
      box.classList.add("nd-narrow");
      content.style.zoom = zoom = 0.8;
    }
    if (ratio() < 1) content.style.zoom = zoom * ratio() * 0.995;
  }
}"""
"""Wide tables are drawn smaller; very wide ones break the lines of their cells first."""
DROPPED = (
    "script, .headerlink, .nd-download, .nd-permalink, .nd-note, "  # of use on a screen only
    "details.hide, .nd-record details, details.nd-record"  # folded on the page too: code, provenance of every run
)
ABOUT = (
    "Printed from the pages of the book. There, every value of a table shows its source and leads to it, the code of a "
    "page can be unfolded, tables can be saved as CSV, figures as SVG, and runs with their full provenance."
)


def find_chromium() -> str:
    """Path of an installed Chromium or Chrome.

    Raises:
        UserError: there is none, or playwright, which drives it, is missing.
    """
    if importlib.util.find_spec("playwright") is None:
        raise UserError(f"{not_installed('playwright', 'pdf')}; or use `make pdf`")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise UserError(f"the browser Chromium is needed, and none of {', '.join(NAMES)} is installed on the path")
    return path


def make(folder: Path, chromium: str) -> Path:
    """Print the book that is built in `folder`.

    Args:
        folder: with `_toc.yml` and `_build/html`.
        chromium: path of the browser.

    Returns:
        The PDF: A4, numbered pages, a table of contents with links, an outline.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the extra `pdf`

    target = folder / "_build" / "pdf"
    target.mkdir(parents=True, exist_ok=True)
    root = yaml.safe_load((folder / "_toc.yml").read_text(encoding="utf-8"))["root"]
    document = target / "book.html"
    document.write_text(join(folder / "_build" / "html", root, target), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": PRINTABLE_WIDTH, "height": 1000}, color_scheme="light", offline=True)
        page.emulate_media(media="print")
        page.goto(document.as_uri())
        page.evaluate(FIT)
        page.pdf(
            path=target / PDF_NAME, format="A4", margin=MARGIN, print_background=True, outline=True, tagged=True,
            display_header_footer=True, header_template="<span></span>", footer_template=FOOTER,
        )  # fmt: skip
        browser.close()
    return target / PDF_NAME


def _further(page: Path) -> list[Path]:
    """Pages that go on with one of the table of contents: `our-runs-2.html` after `our-runs.html`."""
    found = page.parent.glob(f"{page.stem}-[0-9]*{page.suffix}")
    return sorted(found, key=lambda path: (len(path.stem), path.stem))


def join(html: Path, root: str, target: Path) -> str:
    """All pages of the book as one HTML document, in the order of its table of contents.

    Args:
        html: the built book.
        root: the first page, without its ending.
        target: folder in which the document will lie.
    """
    from bs4 import BeautifulSoup  # noqa: PLC0415 - of the extra `pdf`

    def read(path: Path) -> BeautifulSoup:
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    first = html / f"{root}.html"
    front = read(first)
    contents = front.select_one("nav.bd-links")
    links = (unquote(urldefrag(a["href"]).url) for a in contents.select("a[href]"))
    pages = list(dict.fromkeys([first, *((first.parent / link).resolve() for link in links if link)]))
    pages = [one for page in pages for one in (page, *_further(page))]
    names = {page: page.relative_to(html).with_suffix("").as_posix().replace("/", "-") for page in pages}
    styles = front.select("link[rel=stylesheet]")
    for tag in (*styles, contents):
        _relocate(tag, first, names, target)
    for entry in contents.select(".current"):
        entry["class"] = []  # the contents belong to no page here
    articles = []
    for page, name in names.items():
        article = read(page).select_one("article.bd-article")
        for tag in article.select(DROPPED):
            tag.decompose()
        for cell in article.select(".cell"):
            if not cell.get_text(strip=True) and cell.select_one("img, svg") is None:
                cell.decompose()
        for details in article.select("details"):
            details["open"] = ""
        _relocate(article, page, names, target)
        articles.append(f'<section class="nd-page" id="{name}">{article}</section>')
    title = front.h1.find(string=True)
    return (
        f'<!doctype html>\n<html lang="en" data-theme="light" data-mode="light">\n<head><meta charset="utf-8">'
        f'<title>{title}</title>{"".join(map(str, styles))}</head>\n<body><main class="bd-content">'
        f'<section class="nd-contents"><h1>{title}</h1>\n<p>{ABOUT}</p>{contents}</section>\n'
        f"{''.join(articles)}</main></body>\n</html>\n"
    )


def _relocate(part, page: Path, names: dict[Path, str], target: Path) -> None:
    """Make ids of a page unique in the document, and every address that of the same thing there."""
    name = names[page]

    def address(old: str) -> str:
        path, fragment = urldefrag(old)
        if "://" in path or path.startswith(("data:", "mailto:")):
            return old
        file = (page.parent / unquote(path.split("?")[0])).resolve() if path else page
        if file in names:
            return f"#{names[file]}-{fragment}" if fragment else f"#{names[file]}"
        return os.path.relpath(file, target)

    for tag in (part, *part.find_all(True)):
        if tag.name == "a" and not address(tag.get("href", "")).startswith(("#", "http")):
            del tag["href"]  # a file beside the pages is not in the PDF
        for key, value in tag.attrs.items():
            if key in ("href", "src", "xlink:href"):
                tag[key] = address(value)
            elif key in ("id", "for"):
                tag[key] = f"{name}-{value}"
            elif key.startswith("aria-") and key.endswith(("by", "controls", "owns")):
                tag[key] = " ".join(f"{name}-{word}" for word in value.split())
            elif isinstance(value, str) and "url(#" in value:
                tag[key] = value.replace("url(#", f"url(#{name}-")
