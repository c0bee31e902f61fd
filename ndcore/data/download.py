"""Fetching the archive of CIFAR over the network, with torchvision's downloader."""

from __future__ import annotations

import errno
from http.client import HTTPException
from pathlib import Path

from ndcore.data.proxies import proxy_for
from ndcore.data.specs import DatasetSpec
from ndcore.errors import DataError, UserError


def fetch(spec: DatasetSpec, into: Path, root: Path) -> Path:
    """Download the archive of a data set and check its MD5.

    Args:
        spec: the data set.
        into: folder that receives the archive.
        root: the data root, named in the advice to place the files by hand.

    Returns:
        Path of the archive.

    Raises:
        DataError: there is no archive, no network, an unusable proxy, or another archive than the published one.
        OSError: the disk is full.
    """
    from torchvision.datasets.utils import download_url  # noqa: PLC0415 - imports torch, only for those who download

    files = spec.torchvision
    if files is None:
        raise DataError(f"{spec.name} is not in {root}: place {spec.name}/{{train,test}}/<class>/*.png there")
    through = ""
    try:
        if proxy := proxy_for(files.url, all_proxy=False):
            if proxy.is_socks:
                raise proxy.unusable("names a SOCKS proxy, through which Python does not download")
            through = f" through the proxy that {proxy.origin} names"
        download_url(files.url, into, files.archive, files.md5)
    except (OSError, RuntimeError, ValueError, HTTPException, UserError) as error:
        if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise DataError(
            f"{spec.name} is not in {root} and cannot be downloaded from {files.url}{through} ({error}): "
            f"place {files.archive}, the extracted {files.folder}/ or an image folder "
            f"{spec.name}/{{train,test}}/<class>/*.png in {root}"
        ) from None
    return into / files.archive
