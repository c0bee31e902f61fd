"""The augmentation against torchvision's transforms: every outcome exactly, and their distribution."""

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor
from torchvision.transforms import functional as reference

from ndcore import data
from ndcore.data.batches import TrainBatches, normalize, random_crop_flip
from ndcore.data.dataset import Split

OUTCOMES = [(row, column, flip) for row in range(9) for column in range(9) for flip in (False, True)]


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 5, 7)])
def test_every_outcome_equals_torchvision(shape):
    _, h, w = shape
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (len(OUTCOMES), *shape), dtype=torch.uint8, generator=generator)
    offsets = torch.tensor([outcome[:2] for outcome in OUTCOMES])
    flip = torch.tensor([outcome[2] for outcome in OUTCOMES])
    found = random_crop_flip(images, offsets, flip)
    assert found.dtype == torch.uint8
    for index, (row, column, flipped) in enumerate(OUTCOMES):
        expected = reference.crop(reference.pad(images[index], 4), row, column, h, w)
        assert torch.equal(found[index], reference.hflip(expected) if flipped else expected)


def test_padding_is_black():
    white = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    corner = random_crop_flip(white, torch.tensor([[0, 0]]), torch.tensor([False]))
    assert corner[0, :, 4:, 4:].eq(255).all()
    assert corner[0, :, :4].eq(0).all()
    assert corner[0, :, :, :4].eq(0).all()


def outcome_of(images: torch.Tensor) -> torch.Tensor:
    """Histogram of the 162 outcomes, read from images that carry their coordinates: red the row, green the column."""
    rows = images[:, 0, 16, 16].long() - 12  # row 16 − 4 + offset, counted from 0
    left, right = images[:, 1, 16, 15].long(), images[:, 1, 16, 16].long()
    flipped = left > right
    columns = torch.where(flipped, right - 11, right - 12)  # mirrored, column 16 shows column 15
    return torch.bincount(rows * 18 + columns * 2 + flipped, minlength=162)


@pytest.fixture(scope="module")
def coordinates() -> np.ndarray:
    """uint8 (32, 32, 3)."""
    rows, columns = np.indices((32, 32))
    return np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1])
def test_distribution_equals_torchvision(coordinates, seed):
    count = 162 * 50
    spec = data.spec("digits")
    split = Split(np.broadcast_to(coordinates, (count, 32, 32, 3)), np.zeros(count, np.uint8))
    batches = TrainBatches(split, spec, 1000, seed, "cpu")
    mean, std = batches.mean[:, None, None], batches.std[:, None, None]
    ours = sum(outcome_of(((images * std + mean) * 255).round()) for images, _ in batches.epoch(1))
    torch.manual_seed(seed)
    transform = Compose([RandomCrop(32, padding=4), RandomHorizontalFlip()])
    image = torch.from_numpy(coordinates).permute(2, 0, 1)  # (3, 32, 32)
    theirs = outcome_of(torch.stack([transform(image) for _ in range(count)]))
    assert (ours > 0).all()
    assert (theirs > 0).all()
    assert ours.sum() == theirs.sum() == count
    assert stats.chisquare(ours).pvalue > 0.01
    assert stats.chi2_contingency(torch.stack([ours, theirs])).pvalue > 0.01
    by_outcome = ours.view(9, 9, 2)
    for margin in ((1, 2), (0, 2), (0, 1)):  # rows, columns, flips
        assert stats.chisquare(by_outcome.sum(margin)).pvalue > 0.01


@pytest.mark.parametrize("name", data.names())
def test_normalisation_is_torchvisions_bit_for_bit(name):
    spec = data.spec(name)
    image = np.arange(3 * 1024, dtype=np.int64).astype(np.uint8).reshape(32, 32, 3)
    image = np.ascontiguousarray(image.transpose(1, 0, 2))  # every value in every channel
    assert all(len(np.unique(image[..., channel])) == 256 for channel in range(3))
    expected = Compose([ToTensor(), Normalize(spec.mean, spec.std)])(image)
    found = normalize(torch.from_numpy(image).permute(2, 0, 1)[None], torch.tensor(spec.mean), torch.tensor(spec.std))
    assert found.dtype == torch.float32
    assert torch.equal(found[0], expected)
