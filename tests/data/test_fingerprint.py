import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ndcore.data.dataset import Split
from ndcore.data.fingerprint import canonical_order, digests, fingerprint


def random_split(n: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8), rng.integers(0, 100, n, dtype=np.uint8))


def reordered(split: Split, order: np.ndarray) -> Split:
    return Split(split.images[order], split.labels[order])


def test_definition_on_one_image():
    split = random_split(1, 0)
    digest = hashlib.sha256(bytes([split.labels[0]]) + bytes(split.images[0].ravel().tolist())).digest()
    assert digests(split) == [digest]
    assert fingerprint([digest]) == hashlib.sha256(digest).hexdigest()


@settings(deadline=None)  # the machine may be busy
@given(n=st.integers(0, 20), seed=st.integers(0, 2**32 - 1))
def test_order_changes_neither_fingerprint_nor_canonical_order(n, seed):
    split = random_split(n, seed)
    shuffled = reordered(split, np.random.default_rng(seed + 1).permutation(n))
    assert fingerprint(digests(split)) == fingerprint(digests(shuffled))
    one, other = (reordered(s, canonical_order(digests(s))) for s in (split, shuffled))
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert digests(one) == sorted(digests(one))


@settings(deadline=None)  # the machine may be busy
@given(image=st.integers(0, 4), pixel=st.integers(0, 3071), bit=st.integers(0, 7))
def test_every_bit_counts(image, pixel, bit):
    split = random_split(5, 0)
    before = fingerprint(digests(split))
    split.images.reshape(5, 3072)[image, pixel] ^= 1 << bit
    assert fingerprint(digests(split)) != before


def test_labels_and_repetitions_count():
    split = random_split(3, 0)
    before = fingerprint(digests(split))
    assert fingerprint(digests(split) + digests(split)[:1]) != before
    split.labels[0] += 1
    assert fingerprint(digests(split)) != before
