"""The download under proxy variables: one line that names the variable. No test reaches beyond this machine."""

from __future__ import annotations

import socket

import pytest

from ndcore.data.loading import open_dataset
from ndcore.errors import DataError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("HTTPS_PROXY", "foo:bar", "holds no address of a proxy"),
        ("https_proxy", "http://", "holds no address of a proxy"),
        ("HTTPS_PROXY", "http://[::1", "holds no address of a proxy"),
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080", "names a SOCKS proxy, through which Python does not download"),
    ],
)
def test_a_variable_that_holds_no_usable_proxy_is_named(variable, value, why, spec, root, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.utils.download_url", lambda *_: pytest.fail("reached for the network"))
    monkeypatch.setenv(variable, value)
    with pytest.raises(DataError) as caught:
        open_dataset(spec, root)
    assert f"tiny is not in {root} and cannot be downloaded from https://" in str(caught.value)
    assert f"({variable} {why}: set it to one like http://host:3128, or unset it): place " in str(caught.value)


def test_a_proxy_that_is_not_there_is_named(spec, root, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):  # torchvision tries https first, then http
            monkeypatch.setenv(name, f"http://ann:secret@127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(
            DataError, match=r"\.gz through the proxy that HTTPS_PROXY names \(<urlopen error"
        ) as caught:
            open_dataset(spec, root)
    assert "secret" not in str(caught.value)


def test_a_redirection_to_nowhere_is_one_line(spec, root, monkeypatch):
    def redirected(*_: object) -> None:
        raise ValueError("Invalid IPv6 URL")  # what urllib makes of "Location: http://["

    monkeypatch.setattr("torchvision.datasets.utils.download_url", redirected)
    with pytest.raises(DataError, match=r"cannot be downloaded from .* \(Invalid IPv6 URL\): place"):
        open_dataset(spec, root)
