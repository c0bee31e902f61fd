"""Refusals: what is missing from a data set, or that its pixels are not the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ndcore.data.dataset import SPLITS
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError


def first_few(items: Sequence[str], most: int = 5) -> str:
    """At most five items in words: "a, b, c, d, e and 7 more"."""
    listed = ", ".join(items[:most])
    return f"{listed} and {len(items) - most:,} more" if len(items) > most else listed


def refuse_wrong_counts(
    spec: DatasetSpec, counts: Mapping[str, Sequence[int]], where: Path, unknown: Sequence[str] = ()
) -> None:
    """Compare the number of images of every class with the published one; the classes of a split are of equal size.

    Args:
        spec: what is expected.
        counts: images per class, for "train" and "test", in the order of the classes.
        where: the folder or file that was counted, for the message.
        unknown: folders that are not named as a class.

    Raises:
        DataError: one line with the classes that are absent and those with too few or too many images.
    """
    absent, too_few, too_many = [], [], []
    for split in SPLITS:
        expected = spec.counts[split] // spec.num_classes
        if not any(counts[split]):
            absent.append(f"{split} (all {spec.num_classes} classes)")
            continue
        for name, count in zip(spec.classes, counts[split], strict=True):
            if count == 0:
                absent.append(f"{split}/{name}")
            elif count != expected:
                (too_few if count < expected else too_many).append(f"{split}/{name} ({count:,} of {expected:,})")
    kinds = {
        "no images of": absent,
        "too few images of": too_few,
        "too many images of": too_many,
        "folders that are none of its classes:": unknown,
    }
    complaints = [f"{kind} {first_few(found)}" for kind, found in kinds.items() if found]
    if complaints:
        raise DataError(f"{spec.name} in {where} is not the whole data set: {'; '.join(complaints)}; unpack it again")


def refuse_other_pixels(spec: DatasetSpec, found: Mapping[str, str], where: Path | str) -> None:
    """Compare fingerprints with the published ones.

    Raises:
        DataError: one line with both fingerprints, shortened to 12 digits.
    """
    differing = [
        f"{split} has fingerprint {found[split][:12]}…, expected {spec.fingerprint[split][:12]}…"
        for split in SPLITS
        if found[split] != spec.fingerprint[split]
    ]
    if differing:
        raise DataError(
            f"{spec.name} in {where} has the right number of images, but its pixels or labels differ from the "
            f"published data set (re-encoded or modified images): {'; '.join(differing)}; "
            "use the original, lossless files"
        )
