"""Proxy variables: used, or refused in one line that names the variable and no password. Against loopback only."""

from __future__ import annotations

import socket
import sys

import pytest
from fake_server import citation, serving

from ndcore import cli
from ndcore.data.proxies import Proxy, proxy_for
from ndcore.errors import UserError

LIST = [citation(1, "Text about it.")]
WRONG = [
    "foo:bar",
    "http://",
    "http://[::1",
    "://host",
    "ftp://host",
    "socks4://host:1080",
    "http://a b:1",
    "http://host\n",
    "http://host:0",
    "http://host:99999",
    f"http://{'a' * 64}:3128",
    "http://ann:s3/cret@host:3128",
]


def last_line(capsys) -> str:
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("value", WRONG)
def test_a_variable_that_holds_no_proxy_is_named(variable, value, monkeypatch, capsys):
    monkeypatch.setenv(variable, value)
    assert cli.main(["citations", "fetch", "--address", "http://127.0.0.1:9"]) == 2
    line = last_line(capsys)
    assert f"ndcore citations: {variable} holds no address of a proxy: set it to one like http://host:3128, or" in line
    assert "cret" not in line


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1080", "socks5h://127.0.0.1:1080", "SOCKS5://127.0.0.1:1080"])
def test_a_socks_proxy_needs_a_package(value, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", value)
    assert cli.main(["citations", "fetch"]) == 2
    assert "ALL_PROXY names a SOCKS proxy, for which the package socksio is needed" in last_line(capsys)


@pytest.mark.parametrize("hosts", ["fe80::/10", "127.0.0.0/8", "[::1", "*.example:x, http://", "é", ",,"])
def test_an_entry_of_no_proxy_that_nobody_knows_does_no_harm(hosts, monkeypatch):
    monkeypatch.setenv("NO_PROXY", hosts)
    with serving(LIST) as server:
        assert cli.main(["citations", "fetch", "--address", server.address]) == 0


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "all_proxy"])
def test_the_proxy_is_used(variable, monkeypatch):
    with serving(LIST) as server:
        monkeypatch.setenv(variable, server.address.removeprefix("http://"))
        assert cli.main(["citations", "fetch", "--address", "http://service.invalid"]) == 0
    assert server.asked == [0]


def test_a_host_of_no_proxy_is_asked_directly(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    monkeypatch.setenv("NO_PROXY", "other.example, 127.0.0.1")
    with serving(LIST) as server:
        assert cli.main(["citations", "fetch", "--address", server.address]) == 0


def test_a_proxy_that_is_not_there_is_named(monkeypatch, capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://ann:secret@127.0.0.1:{unused.getsockname()[1]}")
        assert cli.main(["citations", "fetch"]) == 2
    line = last_line(capsys)
    assert "cannot be reached through the proxy that https_proxy names" in line
    assert "and is the proxy right?" in line
    assert "secret" not in line


def test_the_variable_of_the_scheme_comes_first_and_lower_case_before_upper_case(monkeypatch):
    assert proxy_for("https://host") is None
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    assert proxy_for("https://host", all_proxy=False) is None
    assert proxy_for("https://host") == Proxy("ALL_PROXY", "http://all:1")
    monkeypatch.setenv("HTTPS_PROXY", "upper:1")
    assert proxy_for("https://host") == Proxy("HTTPS_PROXY", "http://upper:1")
    monkeypatch.setenv("https_proxy", "lower:1")
    assert proxy_for("https://host") == Proxy("https_proxy", "http://lower:1")
    assert proxy_for("http://host") == Proxy("ALL_PROXY", "http://all:1")
    monkeypatch.setenv("https_proxy", "lower:x")
    with pytest.raises(UserError, match="https_proxy holds no address"):
        proxy_for("https://host")
