"""What holds for every figure: one palette, text that can be read, an axis that says where it is broken."""

from __future__ import annotations

import ast
import re
from math import nan
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from ndcore.study import NORMS
from ndreport.rendering import svg
from ndreport.rendering.broken_axis import Drawn, about_break, broken, pieces

BOOK = Path(__file__).parents[2] / "book"
PAGES = sorted((BOOK / "ndreport" / "pages").rglob("*.py"))
OF_NORMS = {"BLUE", "VERMILLION"}
CHOSEN = re.compile(r"#[0-9A-Fa-f]{6}")


def own_colours(source: str) -> set[str]:
    """Colours that a module picks by itself: hexadecimal ones, and those that mean a normalisation."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(CHOSEN.findall(node.value))
        if isinstance(node, ast.alias | ast.Name | ast.Attribute):
            name = getattr(node, "name", None) or getattr(node, "id", None) or node.attr
            found |= {name} & OF_NORMS
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_page_picks_a_colour_for_a_normalisation_by_itself(path):
    assert own_colours(path.read_text()) == set()


def test_a_colour_of_its_own_would_be_noticed():
    assert own_colours("from ndreport.rendering.svg import BLUE") == {"BLUE"}
    assert own_colours("axes.plot(x, color=svg.VERMILLION)") == {"VERMILLION"}
    assert own_colours("axes.plot(x, color='#0072B2')") == {"#0072B2"}


def test_no_two_meanings_share_a_colour():
    norms = [svg.NORM_COLOURS[norm] for norm in NORMS]
    assert len({*norms, *svg.SOURCE_COLOURS.values(), *svg.SPLIT_COLOURS.values()}) == len(norms) + 3 + 2
    assert svg.SOURCE_COLOURS["reproduction"] == svg.SPLIT_COLOURS["test"]  # its test accuracies stand for it
    others = [colour for looks in (svg.LOOKS, svg.FILLS) for colour, *_ in looks]
    assert not set(others) & set(norms)
    for markers in (svg.SOURCE_MARKERS, svg.SPLIT_MARKERS, svg.EPOCH_MARKERS):
        assert len(set(markers.values())) == len(markers)


def drawn(width: float = svg.WIDTH, size: float = svg.SMALLEST) -> Figure:
    with svg.style():
        figure = Figure(figsize=(width, 2))
        figure.subplots().set_title("title", fontsize=size)
        return figure


def test_a_figure_that_cannot_be_read_is_refused():
    assert "<svg" in svg.render(drawn(), "f", "c", "a")
    for figure in (drawn(width=svg.WIDTH + 0.1), drawn(size=svg.SMALLEST - 0.5)):
        with pytest.raises(ValueError, match="figure f is wider than 316 or has text smaller than 10"):
            svg.render(figure, "f", "c", "a")


def test_the_small_exponents_of_a_formula_are_noticed():
    with svg.style():
        figure = Figure(figsize=(svg.WIDTH, 2))
        figure.subplots().set_title("$10^{-3}$")
        with pytest.raises(ValueError, match="smaller"):
            svg.render(figure, "f", "c", "a")


def test_the_style_sheet_shows_figures_as_wide_as_they_are_drawn():
    rule = re.search(r"\.nd-figures \{[^}]*\}", (BOOK / "_static" / "report.css").read_text())[0]
    assert f"minmax(min(100%, {svg.WIDEST}px), 1fr)" in rule


NEAR = [Drawn(value, value - 0.5, value + 0.5) for value in (1.0, 2.0, 4.0, 6.0)]
FAR = Drawn(23.0, -8.0, 50.0)


def test_an_axis_is_broken_where_one_point_is_far_from_all_others():
    first, second = pieces([*NEAR, FAR], (0, 1), whole=False)
    assert first[0] < 0
    assert 6.5 < first[1] < second[0] < 23 < second[1]
    said = about_break([first, second])
    assert f"leaves out {first[1]:+.2f} to {second[0]:+.2f}" in said
    assert "scale of its own" in said


@pytest.mark.parametrize(
    "rows",
    [
        [],
        NEAR,
        [*NEAR, Drawn(9.0, nan, nan)],
        [*NEAR, Drawn(2.0, 1.0, 22.9), FAR],  # another interval reaches over the gap
        [*NEAR, Drawn(-30.0, nan, nan)],  # far below: zero would be in the gap
    ],
)
def test_an_axis_without_an_empty_gap_is_whole(rows):
    [(low, high)] = ends = pieces(rows, (0, 1), whole=False)
    assert low < min([0, *(row.point for row in rows)])
    assert high > max([1, *(row.point for row in rows)])
    assert about_break(ends) == ""


def test_a_whole_axis_holds_the_intervals_as_well():
    [(low, high)] = pieces([*NEAR, FAR], (-1, 0), whole=True)
    assert (low < -8, high > 50) == (True, True)


def test_both_pieces_are_drawn_and_marked():
    ends = [(-1.0, 7.0), (20.0, 24.0)]
    told = []
    with svg.style():
        parts = broken(Figure(), ends, lambda axes, first, last: told.append((axes.get_xlim(), first, last)))
    assert told == [(ends[0], True, False), (ends[1], False, True)]
    assert [len(axes.lines) for axes in parts] == [1, 1]  # the slashes
    with svg.style():
        [only] = broken(Figure(), ends[:1], lambda axes, first, last: None)
    assert not only.lines
