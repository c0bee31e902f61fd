"""Figures, tables and sentences of the page that explains deconvolution: on covariances whose answers are known."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from ndreport.explained import blocks, patches, photographs, practice
from ndreport.explained.covariance import Whitening, mean_correlation
from ndreport.explained.gain import gains
from ndreport.pages.explained import choices, curves, filters, heatmap, iterations, layouts
from ndreport.pages.explained.numbers import numbers
from ndreport.pages.explained.pictures import gallery, picture_alt
from ndreport.rendering.glued import wanted
from ndreport.rendering.prose import each, scientific, signed


def whitening(name: str, correlation: float = 0.9, n_iter: int = 5) -> Whitening:
    """Patches of equal variance and equal correlations, whitened by the polynomial."""
    covariance = np.full((27, 27), correlation) + (1 - correlation) * np.eye(27)
    values, vectors = np.linalg.eigh(covariance)
    norm = np.linalg.norm(covariance)

    def root(steps: int) -> np.ndarray:
        return vectors * gains(values, norm, steps) @ vectors.T

    course = [np.sqrt(np.mean((gains(values, norm, n) ** 2 * values - 1) ** 2)) for n in range(21)]
    deconv = root(n_iter)
    return Whitening(
        name, n_iter, 1e-5, 100, np.zeros(27), covariance, deconv, deconv @ covariance @ deconv, np.array(course)
    )


@pytest.fixture(scope="module")
def both() -> list[Whitening]:
    return [whitening("china"), whitening("flower", 0.5)]


@pytest.fixture
def series(both):
    shown = SimpleNamespace(name="china", shows="a <temple>", credit="somebody", address="https://example.org/?a&b")
    steps = (None, both[0])
    return [[SimpleNamespace(photograph=shown, whitening=w, file=b"\xff\xd8", size=(64, 42)) for w in steps]]


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def of(whitenings: list[Whitening]) -> dict[str, object]:
    """The numbers of whitenings, beside those of a layer that is put together by hand."""
    channel, position = np.indices((8, 9))
    slots = np.array([[0, 0, 1], [1, 2, 2]])
    small = SimpleNamespace(what="no ε", moved={"china": 1e-7}, apart_from_scale={"china": 1e-8})
    large = SimpleNamespace(what="more", moved={"china": 0.5}, apart_from_scale={"china": 0.25})
    running = SimpleNamespace(
        momentum=0.1, steps=(1, 2), start_weight=(0.9, 0.81), distance=(0.5, 0.4), roots_against_root=0.03
    )
    fold = SimpleNamespace(double=3.04e-15, single=3.8e-7, plain=0.0)
    return numbers(whitenings, (channel + position) % 2, slots, [small, large], running, fold)


def test_the_sentences_hold():
    shown = photographs.load()
    whitenings = patches.whiten_all(shown)
    layout, slots = blocks.find_blocks(channels=8, block=4), blocks.find_slots(channels=8, block=4)
    changes, fold = practice.changes(shown), practice.fold_check(shown[0])
    found = numbers(whitenings, layout, slots, changes, practice.running_averages(shown), fold)
    assert wanted("explained") <= found.keys()
    for one in whitenings:
        assert one.eigenvalues[0] > one.eigenvalues[1:].sum()  # "a single direction holds … of the variance"
        assert 0 < mean_correlation(one.whitened) < mean_correlation(one.covariance) / 2  # "gone, not all of it"
        assert found[f"{one.name}_opposite"] == "24 of 24"  # "subtracts what its neighbours predict of it"
        assert one.residuals[one.n_iter] > 0.5  # "stays far from even that root"
        assert iterations.variances(one, one.n_iter)[-1] < 0.01  # "multiplies all weak ones by almost the same number"
        assert iterations.whitened_directions(one, one.n_iter) <= 2  # "the few strong directions"
    assert float(found["most_variance"]) < 1
    assert found["spread"] == found["channels"]  # "all channels are spread over several blocks"
    assert (found["near"], found["near_usual"]) == (0, found["near_pairs"])
    assert found["rows_alone"] > found["rows_mixed"] > 0
    most = next(change for change in changes if change.what == found["choice"])
    assert all(2 * most.apart_from_scale[name] < moved for name, moved in most.moved.items())  # "most is a factor"
    assert max(fold.double / 1e-14, fold.single / 1e-5, fold.plain / 1e-5) < 1  # "which is rounding"


def test_numbers_of_patches_state_correlation_share_and_condition(both):
    found = of(both)
    assert (found["patches"], found["dimensions"], found["n_iter"]) == ("100", 27, 5)
    assert found["correlation"] == "0.90 (china) and 0.50 (flower)"
    assert found["first_direction"] == "90 % (china) and 52 % (flower)"
    assert f"{(1 + 26 * 0.9) / 0.1:,.0f} (china)" in found["condition"]


def test_numbers_of_whitening_flip_with_the_iterations():
    exact = of([whitening("china", n_iter=20)])
    assert (exact["correlation_left"], exact["gone"]) == ("0.00 (china)", "100 % (china)")
    assert exact["least_variance"] == exact["most_variance"] == "1.00"


def test_filters_have_a_centre_and_a_surround_of_the_other_sign(both):
    middle, around = filters.centre(both[0].filters()), filters.surround(both[0].filters())
    np.testing.assert_array_equal(middle, both[0].deconv[[4, 13, 22], [4, 13, 22]])
    assert around.shape == (3, 8)
    assert (around < 0).all()
    assert of(both)["china_opposite"] == "24 of 24"
    page = soup(filters.kernels(both))
    assert [f["id"] for f in page.find_all("figure")] == ["kernels-china", "kernels-flower"]
    texts = [t.get_text() for t in page.find(id="kernels-china").svg.find_all("text")]
    assert texts.count(signed(middle[0])) == 3
    assert {"from red", "to blue"} <= set(texts)


def test_the_residual_is_stated_at_the_default_and_where_it_is_small(both):
    found = of(both)
    assert f"{both[0].residuals[5]:.2f} (china)" in found["residual"]
    needed = int(np.flatnonzero(both[0].residuals <= 1e-6)[0])
    assert found["iterations_needed"].startswith(f"{needed} (china)")


def test_gains_say_how_few_directions_are_whitened(both):
    assert iterations.whitened_directions(both[0], 1) == 1  # the common brightness alone
    assert iterations.whitened_directions(both[0], 20) == 27
    view = iterations.iterations_view(both)
    assert view.loc["20", ("china", "directions whitened")].text == "27 of 27"
    assert view.loc["20", ("china", "smallest variance")].text == "1.00"
    assert view.loc["5", ("flower", "residual")].number == both[1].residuals[5]
    assert all("scikit-learn" in cell.note for _, row in view.iterrows() for cell in row)


@pytest.mark.parametrize("draw", [curves.spectrum, curves.residual, curves.gain])
def test_curves_are_labelled_described_and_told_apart_without_colour(both, draw):
    page = soup(draw(both))
    title = page.title.get_text()
    assert len(title) > 80
    assert "*" not in title
    texts = {t.get_text() for t in page.svg.find_all("text")}
    assert {"china", "flower"} <= texts
    assert "currentColor" in str(page.svg)


def test_the_residual_figure_marks_the_default(both):
    texts = [t.get_text() for t in soup(curves.residual(both)).svg.find_all("text")]
    assert "5, the default" in texts
    three = [whitening("china", n_iter=3)]
    assert "3, the default" in [t.get_text() for t in soup(curves.residual(three)).svg.find_all("text")]


def test_correlation_figures_state_their_range_before_and_after(both):
    before, after = soup(heatmap.correlations(both)), soup(heatmap.correlations(both, after=True))
    assert "mean of their absolute values is 0.90" in before.title.get_text()
    assert "between 0.90 and 0.90" in before.title.get_text()
    assert before.find(id="correlation-china-before")
    assert after.find(id="correlation-flower-after")
    assert "after 5 iterations" in after.figcaption.get_text()
    ids = [t["id"] for t in soup(heatmap.correlations(both) + heatmap.correlations(both, after=True)).find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_the_map_is_symmetric_and_lightest_in_the_middle():
    shades = heatmap.COLOURS(np.linspace(0, 1, 101))[:, :3].sum(1)
    assert shades.argmax() == 50
    assert (np.diff(shades[:51]) > 0).all()
    assert (np.diff(shades[51:]) < 0).all()


@pytest.mark.parametrize("colour", ["white", "black", *layouts.COLOURS, *heatmap.COLOURS(np.linspace(0, 1, 9))])
def test_numbers_are_readable_on_every_cell(colour):
    def luminance(name) -> float:
        rgb = np.array(heatmap.to_rgb(name))
        return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))

    bright, dark = sorted((luminance(colour), luminance(heatmap.readable_on(colour))), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_layouts_are_drawn_counted_and_put_into_words():
    channel, position = np.indices((8, 9))
    found = (channel + position) % 2
    assert of([whitening("china")])["near"] == 0
    assert of([whitening("china")])["near_usual"] == 96
    code, usual = soup(layouts.layouts(found, 4)).find_all("figure")
    assert "0 of 96 pairs of neighbouring pixels" in code.title.get_text()
    assert "96 of 96 pairs of neighbouring pixels" in usual.title.get_text()
    assert [t.get_text() for t in code.svg.find_all("text")].count("1") >= 36
    view = layouts.layouts_view({2: found})
    assert view.loc["2", ("neighbouring pixels of a channel", "as the layer does")].text == "0 of 96"
    assert view.loc["2", ("neighbouring pixels of a channel", "as usually described")].text == "96 of 96"
    assert "2" in layouts.layouts_table({2: found})


def test_numbers_of_layers_are_counted():
    found = of([whitening("china")])
    assert [found[name] for name in ("rows", "entries", "rows_alone", "rows_mixed")] == [3, 6, 2, 1]
    assert found["first_row"] == "channel 0, position 0 and channel 0, position 1"
    assert (found["choice"], found["moved"], found["apart"]) == ("more", "50 % (china)", "25 % (china)")
    assert found["start_weights"] == "90.0 % after 1 and 81.0 % after 2"
    assert found["distances"] == "50.0 % and 40.0 %"
    assert (found["fold_double"], found["fold_plain"]) == ("3 × 10⁻¹⁵", "0")


def test_choices_are_shown_in_percent():
    small = SimpleNamespace(what="no ε", moved={"china": 1e-7}, apart_from_scale={"china": 1e-8})
    large = SimpleNamespace(what="more", moved={"china": 0.5}, apart_from_scale={"china": 0.25})
    view = choices.changes_view([small, large])
    assert view.loc["no ε", ("as it is", "china")].text == "1 × 10⁻⁵"
    assert view.loc["more", ("apart from a factor", "china")].text == "25.00"
    assert 'id="choices"' in choices.changes_table([small, large])


def test_pictures_are_in_the_page_with_credit_size_and_alternative_text(series):
    page = soup(gallery(series))
    first, second = page.find_all("img")
    assert base64.b64decode(first["src"].removeprefix("data:image/jpeg;base64,")) == b"\xff\xd8"
    assert (first["width"], first["height"]) == ("64", "42")
    assert first["alt"] == "The photograph china: a <temple>."
    assert page.a["href"] == "https://example.org/?a&b"
    assert "CC BY 2.0" in page.a.get_text()
    assert second["alt"] == picture_alt(series[0][1])
    assert "before whitening it was 0.90" in second["alt"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.856, "0.86"), (1, "1.00"), (3.04e-15, "3 × 10⁻¹⁵"), (9.96e-4, "1 × 10⁻³"), (12345, "1.2 × 10⁴")],
)
def test_numbers_are_written_short(number, text):
    assert scientific(number) == text


def test_each_names_what_its_numbers_belong_to():
    assert each(["a", "b"], [1, -2], signed) == "1.00 (a) and −2.00 (b)"
