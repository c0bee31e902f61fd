"""The embedded data set: the 1,797 real handwritten digits of scikit-learn, as 32×32 RGB images.

Source: the test set of Alpaydin and Kaynak's "Optical Recognition of Handwritten Digits" (UCI, 1998), 8×8 pixels with
values 0…16. Everything below is integer arithmetic, so that the pixels, and with them the pinned fingerprint, are the
same on every machine.

Shapes: n images.
"""

from __future__ import annotations

import numpy as np

from ndcore.data.dataset import Split
from ndcore.data.fingerprint import canonical_order, digests


def upsample(images: np.ndarray) -> np.ndarray:
    """Bilinear upsampling to four times the size (half-pixel centres, edges repeated), 0…16 to 0…255, grey to RGB.

    Args:
        images: integers 0…16, (n, 8, 8).

    Returns:
        uint8 (n, 32, 32, 3); exact values rounded half up.
    """
    # Pixel i of 32 lies at (2i − 3)/8 of 8: the weights of its two neighbours are whole eighths.
    left, eighths = np.divmod(2 * np.arange(32) - 3, 8)
    weights = np.zeros((32, 8), dtype=np.int64)
    np.add.at(weights, (np.arange(32), left.clip(0, 7)), 8 - eighths)
    np.add.at(weights, (np.arange(32), (left + 1).clip(0, 7)), eighths)
    large = weights @ images.astype(np.int64) @ weights.T  # (n, 32, 32), in 1/64 of 0…16
    grey = ((large * 255 + 512) // 1024).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)  # (n, 32, 32, 3)


def make() -> dict[str, Split]:
    """Both splits: of every class, the fifth with the smallest content digests is the test set.

    The digest stands in for a random draw that no library version can change.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415 - half a second, only for those who want the digits

    values, targets = load_digits(return_X_y=True)
    everything = Split(upsample(values.reshape(-1, 8, 8)), targets.astype(np.uint8))
    order = canonical_order(digests(everything))
    labels = everything.labels[order]
    is_test = np.zeros(len(order), dtype=bool)
    for label in range(10):
        of_class = np.flatnonzero(labels == label)
        is_test[of_class[: (len(of_class) + 2) // 5]] = True
    chosen = {"train": order[~is_test], "test": order[is_test]}
    return {name: Split(everything.images[index], everything.labels[index]) for name, index in chosen.items()}
