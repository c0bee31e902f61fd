"""Patches, roots and gains: against the layer functions and numpy's eigenvalues."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore import models
from ndcore.errors import DataError
from ndcore.layers import FastDeconv, newton_schulz_isqrt
from ndreport.explained import photographs, pictures
from ndreport.explained.covariance import EPS, N_ITER, correlation, mean_correlation, relative_difference
from ndreport.explained.gain import gains, largest_gain
from ndreport.explained.patches import patches, residuals, roots, whiten
from ndreport.explained.photographs import Photograph, as_input
from ndreport.explained.practice import SAMPLING_STRIDE

SLACK = 1 + 1e-9


@st.composite
def covariances(draw) -> np.ndarray:
    """Symmetric positive definite, 1×1 to 6×6, condition up to a million."""
    size = draw(st.integers(1, 6))
    powers = draw(st.lists(st.floats(-4, 2), min_size=size, max_size=size))
    vectors, _ = np.linalg.qr(np.random.default_rng(draw(st.integers(0, 999))).normal(size=(size, size)))
    matrix = vectors * 10.0 ** np.array(powers) @ vectors.T
    return (matrix + matrix.T) / 2


@pytest.fixture(scope="module")
def photograph() -> Photograph:
    """A corner of a real photograph."""
    whole = photographs.load()[0]
    return Photograph(whole.name, whole.shows, whole.credit, whole.address, whole.pixels[200:260, 100:180])


@settings(deadline=None)
@given(covariances(), st.integers(1, 15))
def test_the_polynomial_is_the_matrix_iteration_on_eigenvalues(covariance, n_iter):
    values, vectors = np.linalg.eigh(covariance)
    expected = vectors * gains(values, np.linalg.norm(covariance), n_iter) @ vectors.T
    matrix = newton_schulz_isqrt(torch.from_numpy(covariance), n_iter).numpy()
    np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())
    np.testing.assert_allclose(roots(covariance, n_iter)[-1], matrix, rtol=1e-12, atol=1e-12 * np.abs(matrix).max())


@settings(deadline=None)
@given(covariances(), st.integers(0, 15))
def test_no_gain_exceeds_the_exact_root_or_the_cap_and_all_grow_with_the_iterations(covariance, n_iter):
    values, norm = np.linalg.eigvalsh(covariance), np.linalg.norm(covariance)
    now, next_ = gains(values, norm, n_iter), gains(values, norm, n_iter + 1)
    assert (now <= np.minimum(values**-0.5, largest_gain(norm, n_iter)) * SLACK).all()
    assert (now <= next_ * SLACK).all()
    assert (np.diff(now) <= 1e-9 * now.max()).all()  # a larger eigenvalue never has a larger gain
    assert np.all(np.isclose(now, norm**-0.5)) == (n_iter == 0) or np.allclose(values, norm)


@settings(deadline=None)
@given(covariances())
def test_enough_iterations_whiten_any_covariance(covariance):
    course = residuals(covariance, 60)
    assert course[-1] < 1e-6
    assert (np.diff(course) <= 1e-6).all()
    root = roots(covariance, 60)[-1]
    np.testing.assert_allclose(root @ covariance @ root, np.eye(len(covariance)), atol=1e-5)


@settings(deadline=None)
@given(covariances(), st.integers(0, 10))
def test_the_residual_is_what_the_variances_lack_to_one(covariance, n_iter):
    values = np.linalg.eigvalsh(covariance)
    lacking = gains(values, np.linalg.norm(covariance), n_iter) ** 2 * values - 1
    assert residuals(covariance, n_iter)[-1] == pytest.approx(np.sqrt(np.mean(lacking**2)), rel=1e-6, abs=1e-9)


def test_a_direction_that_is_almost_nothing_reaches_the_cap():
    assert gains(np.array([1e-14]), 4.0, 5)[0] == pytest.approx(1.5**5 / 2)
    assert largest_gain(4.0, 5) == 1.5**5 / 2


def test_patches_are_cut_out_channel_by_channel_and_row_by_row(photograph):
    x = as_input(photograph.pixels)
    every = patches(x)
    assert every.shape == (1, 58 * 78, 27)
    np.testing.assert_array_equal(every[0, 78 + 2], x[0, :, 1:4, 2:5].flatten())
    assert patches(x, stride=3, padding=1).shape == (1, 20 * 27, 27)
    assert torch.equal(patches(x, padding=1)[0, 0].view(3, 3, 3)[:, 0], torch.zeros(3, 3).double())


def test_inputs_have_mean_zero_and_variance_one(photograph):
    x = as_input(photograph.pixels)
    assert x.shape == (1, 3, 60, 80)
    np.testing.assert_allclose(x.mean((0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(x.var((0, 2, 3), correction=0), 1)


def test_whitening_of_a_photograph_against_numpy(photograph):
    one = whiten(photograph)
    rows = patches(as_input(photograph.pixels))[0].numpy()
    expected = np.cov(rows.T, bias=True) + EPS * np.eye(27)
    np.testing.assert_allclose(one.covariance, expected, atol=1e-12)
    np.testing.assert_allclose(one.whitened, one.deconv @ (expected - EPS * np.eye(27)) @ one.deconv, atol=1e-12)
    assert one.condition == pytest.approx(np.linalg.cond(expected), rel=1e-6)
    assert one.norm == pytest.approx(np.sqrt((expected**2).sum()))
    assert list(one.eigenvalues) == sorted(one.eigenvalues, reverse=True)
    assert len(one.residuals) == 21
    assert mean_correlation(one.whitened) < mean_correlation(one.covariance)
    np.testing.assert_allclose(one.exact @ one.covariance @ one.exact, np.eye(27), atol=1e-8)
    np.testing.assert_array_equal(one.filters()[1].ravel(), one.deconv[13])


def test_correlations_by_hand():
    covariance = np.array([[4.0, -3.0], [-3.0, 9.0]])
    np.testing.assert_allclose(correlation(covariance), [[1, -0.5], [-0.5, 1]])
    assert mean_correlation(covariance) == 0.5
    assert relative_difference(np.array([3.0, 4.5]), np.array([3.0, 4.0])) == 0.1


def test_the_defaults_are_those_of_the_layer_and_of_the_study():
    defaults = inspect.signature(FastDeconv).parameters
    assert (defaults["eps"].default, defaults["n_iter"].default) == (EPS, N_ITER)
    assert defaults["sampling_stride"].default == SAMPLING_STRIDE
    stem = next(m for m in models.create("vgg16", "nd").modules() if isinstance(m, FastDeconv))
    assert stem.n_iter == pictures.STEM_ITERATIONS


def test_the_whitened_picture_is_the_middle_of_every_whitened_patch(photograph):
    one = whiten(photograph)
    shown = pictures.deconvolved(photograph, one)
    assert shown.shape == (58, 78, 3)
    patch = as_input(photograph.pixels)[0, :, 4:7, 6:9].flatten().numpy()
    np.testing.assert_allclose(shown[4, 6], (one.deconv @ (patch - one.mean))[4::9])


def test_zero_is_mid_grey_and_extremes_are_cut_off():
    values = np.concatenate([np.full(500, -1.0), np.zeros(499), [50.0]])
    grey = pictures.visible(values)
    assert (grey.dtype, grey[0], grey[500], grey[-1]) == (np.uint8, 0, 128, 255)


def test_pictures_fit_their_limit_and_keep_the_best_quality_that_does(photograph):
    large = pictures.jpeg(photograph.pixels)
    small = pictures.jpeg(photograph.pixels, limit=len(large) - 1)
    assert large.startswith(b"\xff\xd8")
    assert len(small) < len(large) <= pictures.LIMIT
    with pytest.raises(ValueError, match="80 × 60 pixels does not fit into 10 bytes"):
        pictures.jpeg(photograph.pixels, limit=10)


def test_the_three_pictures_of_a_photograph(photograph):
    as_it_is, soft, strong = pictures.all_series([photograph], [whiten(photograph)])[0]
    assert as_it_is.whitening is None
    assert (soft.whitening.n_iter, strong.whitening.n_iter) == (5, 15)
    assert (as_it_is.size, soft.size) == ((80, 60), (78, 58))
    assert mean_correlation(strong.whitening.whitened) < mean_correlation(soft.whitening.whitened)


def test_photographs_are_real_and_credited():
    for one in photographs.load():
        assert one.pixels.shape == (427, 640, 3)
        assert one.pixels.dtype == np.uint8
        assert one.credit in one.address


def test_photographs_that_cannot_be_read_are_said_to_be(monkeypatch):
    def broken(name: str):
        raise OSError(f"{name} is truncated")

    monkeypatch.setattr("sklearn.datasets.load_sample_image", broken)
    with pytest.raises(DataError, match=r"cannot be read \(china.jpg is truncated\): reinstall scikit-learn"):
        photographs.load()
