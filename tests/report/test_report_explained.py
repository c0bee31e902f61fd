"""Figures, tables and sentences of the page that explains deconvolution: on covariances whose answers are known."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from ndreport.explained.covariance import Whitening
from ndreport.explained.gain import gains
from ndreport.explained.layout import usual_description
from ndreport.pages.explained import curves, filters, findings, heatmap, layouts, numbers, tables
from ndreport.pages.explained.pictures import gallery, picture_alt


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


def test_sentences_about_patches_state_correlation_share_and_condition(both):
    text = findings.about_patches(both)
    assert "100 patches of 27 numbers" in text
    assert "0.90 (*china*) and 0.50 (*flower*)" in text
    assert "90 % (*china*) and 52 % (*flower*)" in text
    assert f"{(1 + 26 * 0.9) / 0.1:,.0f} (*china*)" in text


def test_sentences_about_whitening_flip_with_the_iterations(both):
    assert "After 5 iterations" in findings.about_whitened(both)
    exact = [whitening("china", n_iter=20)]
    assert "correlation is 0.00 (*china*): **100 % (*china*) of it is gone**" in findings.about_whitened(exact)
    assert "between 1.00 and 1.00" in findings.about_whitened(exact)


def test_filters_have_a_centre_and_a_surround_of_the_other_sign(both):
    middle, around = filters.centre(both[0].filters()), filters.surround(both[0].filters())
    np.testing.assert_array_equal(middle, both[0].deconv[[4, 13, 22], [4, 13, 22]])
    assert around.shape == (3, 8)
    assert (around < 0).all()
    assert "(24 of 24 weights with the opposite sign)" in findings.about_filters(both)
    page = soup(filters.kernels(both))
    assert [f["id"] for f in page.find_all("figure")] == ["kernels-china", "kernels-flower"]
    texts = [t.get_text() for t in page.find(id="kernels-china").svg.find_all("text")]
    assert texts.count(numbers.signed(middle[0])) == 3
    assert {"from red", "to blue"} <= set(texts)


def test_the_residual_is_stated_at_the_default_and_where_it_is_small(both):
    text = findings.about_iteration(both)
    assert f"5 iterations the residual is {both[0].residuals[5]:.2f} (*china*)" in text
    needed = int(np.flatnonzero(both[0].residuals <= 1e-6)[0])
    assert f"To fall below 1 × 10⁻⁶ it takes {needed} iterations (*china*)" in text
    never = findings.about_iteration([whitening("china", 1 - 1e-12)])
    assert "more than 20 iterations (*china*)" in never


def test_gains_say_how_few_directions_are_whitened(both):
    assert tables.whitened_directions(both[0], 1) == 1  # the common brightness alone
    assert tables.whitened_directions(both[0], 20) == 27
    assert f"{tables.whitened_directions(both[0], 5)} (*china*)" in findings.about_gains(both)
    view = tables.iterations_view(both)
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
    shades = heatmap.DIVERGING(np.linspace(0, 1, 101))[:, :3].sum(1)
    assert shades.argmax() == 50
    assert (np.diff(shades[:51]) > 0).all()
    assert (np.diff(shades[51:]) < 0).all()


@pytest.mark.parametrize("colour", ["white", "black", *layouts.FILLS, *heatmap.DIVERGING(np.linspace(0, 1, 9))])
def test_numbers_are_readable_on_every_cell(colour):
    def luminance(name) -> float:
        rgb = np.array(heatmap.to_rgb(name))
        return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))

    bright, dark = sorted((luminance(colour), luminance(heatmap.readable_on(colour))), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_layouts_are_drawn_counted_and_put_into_words():
    channel, position = np.indices((8, 9))
    found = (channel + position) % 2
    text = findings.about_blocks(found, 4)
    assert "8 of 8 channels are spread over several blocks" in text
    assert "Of 96 pairs of neighbouring pixels of one channel **0 are in one block**" in text
    assert "it would be 96" in text
    assert "**96 are in one block**" in findings.about_blocks(usual_description(8, 4), 4)
    code, usual = soup(layouts.layouts(found, 4)).find_all("figure")
    assert "0 of 96 pairs of neighbouring pixels" in code.title.get_text()
    assert "96 of 96 pairs of neighbouring pixels" in usual.title.get_text()
    assert [t.get_text() for t in code.svg.find_all("text")].count("1") >= 36
    view = layouts.layouts_view({2: found})
    assert view.loc["2", ("neighbouring pixels of a channel", "as the layer does")].text == "0 of 96"
    assert view.loc["2", ("neighbouring pixels of a channel", "as usually described")].text == "96 of 96"
    assert "2" in layouts.layouts_table({2: found})


def test_pooled_rows_are_counted():
    text = findings.about_pooling(np.array([[0, 0, 1], [1, 2, 2]]))
    assert "3 rows for 6 entries. 2 rows are estimated" in text
    assert "and 1 from entries of different channels" in text
    assert "pools channel 0, position 0 and channel 0, position 1" in text


def test_choices_name_the_one_that_matters_most():
    small = SimpleNamespace(what="no ε", moved={"china": 1e-7}, apart_from_scale={"china": 1e-8})
    large = SimpleNamespace(what="more", moved={"china": 0.5}, apart_from_scale={"china": 0.25})
    text = findings.about_choices([small, large])
    assert "*more* moves D most, by 50 % (*china*)" in text
    assert "no factor explains is 25 % (*china*)" in text
    assert "*no ε* moves D most" in findings.about_choices(
        [small, SimpleNamespace(**{**vars(large), "moved": {"china": 0.0}})]
    )
    view = tables.changes_view([small, large])
    assert view.loc["no ε", ("as it is", "china")].text == "1 × 10⁻⁵"
    assert view.loc["more", ("apart from a factor", "china")].text == "25.00"
    assert 'id="choices"' in tables.changes_table([small, large])


def test_running_averages_and_folding_in_words():
    running = SimpleNamespace(
        momentum=0.1, steps=(1, 2), start_weight=(0.9, 0.81), distance=(0.5, 0.4), roots_against_root=0.03
    )
    text = findings.about_running(running)
    assert "90.0 % after 1 and 81.0 % after 2 training steps" in text
    assert "50.0 % and 40.0 %" in text
    fold = SimpleNamespace(double=3.04e-15, single=3.8e-7, plain=0.0)
    assert "3 × 10⁻¹⁵ in double and 3.8 × 10⁻⁷ in single" in findings.about_fold(fold)
    assert "does not differ from it at all" in findings.about_fold(fold)
    assert "differs from it by 0.10" in findings.about_fold(SimpleNamespace(**{**vars(fold), "plain": 0.1}))


def test_pictures_are_in_the_page_with_credit_size_and_alternative_text(series):
    page = soup(gallery(series))
    first, second = page.find_all("img")
    assert base64.b64decode(first["src"].removeprefix("data:image/jpeg;base64,")) == b"\xff\xd8"
    assert (first["width"], first["height"]) == ("64", "42")
    assert first["alt"] == "The photograph china: a <temple>."
    assert page.a["href"] == "https://example.org/?a&b"
    assert "CC BY 2.0" in page.a.get_text()
    assert second["alt"] == picture_alt(series[0][1])
    assert "before it was 0.90" in second["alt"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.856, "0.86"), (1, "1.00"), (3.04e-15, "3 × 10⁻¹⁵"), (9.96e-4, "1 × 10⁻³"), (12345, "1.2 × 10⁴")],
)
def test_numbers_are_written_short(number, text):
    assert numbers.scientific(number) == text


def test_each_names_what_its_numbers_belong_to():
    assert numbers.each(["a", "b"], [1, -2], numbers.signed) == "1.00 (*a*) and −2.00 (*b*)"
