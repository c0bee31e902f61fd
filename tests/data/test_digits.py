import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ndcore import data
from ndcore.data.digits import upsample
from ndcore.data.fingerprint import digests, fingerprint


def test_digits_are_the_pinned_ones(tmp_path):
    dataset = data.load("digits")
    assert dataset.source == "scikit-learn digits"
    assert dataset.fingerprint == {
        "train": "3c00b2f8c6dfc2999a61765aa3f650115549ef6baa5e8252f879c6e50ab09e58",
        "test": "cefa2c1b8d94abf4bb09bf1034f64a90e10c77b39d83973b2796779e0478b0ba",
    }
    assert not list(tmp_path.iterdir())
    for name in ("train", "test"):
        split = getattr(dataset, name)
        assert split.images.shape == (dataset.spec.counts[name], 32, 32, 3)
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert digests(split) == sorted(digests(split))
        assert fingerprint(digests(split)) == dataset.fingerprint[name]


def test_split_is_stratified_and_normalisation_is_of_the_training_split():
    dataset = data.load("digits")
    train, test = (np.bincount(split.labels, minlength=10) for split in (dataset.train, dataset.test))
    np.testing.assert_array_equal(test, np.round((train + test) / 5))
    pixels = dataset.train.images / 255
    np.testing.assert_allclose(pixels.mean((0, 1, 2)), dataset.spec.mean, atol=5e-5)
    np.testing.assert_allclose(pixels.std((0, 1, 2)), dataset.spec.std, atol=5e-5)


@settings(deadline=None)  # the machine may be busy
@given(arrays(np.float64, (2, 8, 8), elements=st.integers(0, 16).map(float)))
def test_upsampling_is_bilinear(images):
    position = (2 * np.arange(32) - 3) / 8
    rows = np.stack([np.interp(position, np.arange(8), row) for row in images.reshape(-1, 8)]).reshape(2, 8, 32)
    both = np.stack([np.interp(position, np.arange(8), c) for c in rows.transpose(0, 2, 1).reshape(-1, 8)])
    expected = both.reshape(2, 32, 32).transpose(0, 2, 1) * 255 / 16  # (2, 32, 32)
    large = upsample(images)
    assert large.shape == (2, 32, 32, 3)
    assert (large == large[..., :1]).all()
    np.testing.assert_array_equal(large[..., 0], np.floor(expected + 0.5))
