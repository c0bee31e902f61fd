"""From a matplotlib figure to SVG that stands inside the page and follows its light or dark theme.

Text, axes and grid are drawn in a marker colour that becomes `currentColor`, so they have the contrast of the page's
own text in both themes. Data colours are those of Okabe and Ito (2008), and two more, with at least 3:1 against white
and against the dark background; every series differs in marker and line style as well.

What a colour means is the same on every page: the pages ask for the colour of a normalisation, a source or a split by
its name. Text is never smaller than `SMALLEST` pixels where a figure is shown, from the width of a phone on: `render`
refuses smaller text, and figures that a phone would have to shrink.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ndreport.rendering.html import Html, download, escape

if TYPE_CHECKING:
    from matplotlib import RcParams
    from matplotlib.figure import Figure

INK = "#010203"
"""Drawn in this colour, shown in the colour of the page's text."""
VERMILLION, BLUE, PURPLE, GREEN, OCHRE, GREY = "#D55E00", "#0072B2", "#CC79A7", "#009E73", "#A6761D", "#7F7F7F"
NORM_COLOURS = {"bn": VERMILLION, "nd": BLUE}
"""Nothing else has these two colours, but for the ends of a diverging scale."""
SOURCE_COLOURS = {"original": INK, "reproduction": PURPLE, "ours": GREEN}
SOURCE_MARKERS = {"original": "D", "reproduction": "o", "ours": "^"}
SPLIT_COLOURS = {"test": PURPLE, "train": OCHRE, "not proven": GREY}
SPLIT_MARKERS = {"test": "o", "train": "s", "not proven": "d"}
EPOCH_MARKERS = {1: "v", 20: "s", 100: "o"}
LOOKS = ((PURPLE, "o", "-"), (GREEN, "s", "--"), (OCHRE, "^", "-."), (GREY, "D", ":"))
"""Colour, marker and line of the first, second, … series of any other kind."""
FILLS = (("#56B4E9", ""), ("#F0E442", "////"), (GREEN, "...."), (PURPLE, "xxxx"))
"""Colour and pattern of areas of any other kind; an edge of ink sets them off from the page."""
DIVERGING = (BLUE, "#F7F7F7", VERMILLION)
"""Negative, zero and positive, for matrices."""

SMALLEST = 10
"""Pixels. A figure is shown with at least one pixel per unit of its drawing, which matplotlib calls a point."""
WIDEST = 316
"""Pixels that every figure gets at least, on a phone too: `book/_static/report.css` has the same number."""
WIDTH = WIDEST / 72
"""The same in inches: how wide a figure is drawn."""

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ndcore",
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.2,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def style() -> RcParams:
    """Context in which a figure has to be drawn."""
    import matplotlib as mpl  # noqa: PLC0415 - pages without a figure start faster

    return mpl.rc_context(STYLE)


def render(figure: Figure, ident: str, caption: str, alt: str) -> Html:
    """The figure as inline SVG with an accessible description, a caption and a link that saves it.

    Args:
        figure: drawn within `style()`.
        ident: HTML id, unique in the page; also prefixes every id inside the SVG and names the saved file.
        caption: visible text below.
        alt: what the figure states, for those who do not see it.
    """
    buffer = io.StringIO()
    with style():
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawing = inline(buffer.getvalue(), ident, alt)
    if width(drawing) > WIDEST + 0.5 or min(text_sizes(drawing), default=SMALLEST) < SMALLEST:
        raise ValueError(f"figure {ident} is wider than {WIDEST} or has text smaller than {SMALLEST}: not legible")
    return Html(
        f'<figure class="nd-figure" id="{escape(ident)}">\n{drawing}\n<figcaption>{escape(caption)} '
        f"{download(drawing, f'{ident}.svg', 'image/svg+xml', 'Save as SVG')}</figcaption>\n</figure>"
    )


def width(svg: str) -> float:
    """The width of a drawing in its own units."""
    return float(re.search(r'viewBox="0 0 ([\d.]+) ', svg)[1])


def text_sizes(svg: str) -> list[float]:
    """The size of every font in a drawing, in its own units."""
    return [float(size) for size in re.findall(r"font(?:-size)?: [^;\"]*?([\d.]+)px", svg)]


def side_by_side(figures: Iterable[Html]) -> Html:
    """Figures beside each other where the screen is wide enough."""
    return Html('<div class="nd-figures">\n' + "\n".join(figures) + "\n</div>")


def inline(svg: str, ident: str, alt: str) -> str:
    """An SVG document as an element of an HTML page.

    No prolog, no style sheet (its rules would reach the page), no unused ids and the used ones prefixed, ink in the
    colour of the text, and a title that says what it shows.
    """
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{ident}-", svg)
    svg = re.sub(r"font-family: [^;\"]*; |transform=\"rotate\(-?0 [^)]*\)\"|(?<=[>\n])\s+", "", svg)
    svg = re.sub(r'(?<= )(?:d|x|y|transform|points)="[^"]*"', _rounded, svg)
    opening, rest = svg.split(">", 1)
    root = f'<svg role="img" aria-labelledby="{ident}-alt" font-family="sans-serif" style="stroke-linejoin: round"'
    return f'{opening.replace("<svg", root, 1)}><title id="{ident}-alt">{escape(alt)}</title>{rest.strip()}'


def _rounded(attribute: re.Match) -> str:
    """Coordinates to a hundredth of a pixel."""
    return re.sub(r"\.(\d\d)\d+", r".\1", attribute[0])
