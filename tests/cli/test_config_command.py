"""``rxsync config``, and who goes before whom."""

import os
import re

import pytest
import trustme

from rxsync.config.variables import variables
from rxsync.errors import UsageError
from rxsync.pipeline.report import Report
from rxsync.wording import parse_bwlimit, parse_rate

SAID = {  # key: in the file, in the environment, on the command line; as each is spelt there
    "plugin": ("python", "debian", "file"),
    "mode": ("additive", "mirror", "additive"),
    "policy": ("on_demand", "immediate", "on_demand"),
    "max_delete": ("11%", "12%", "13"),
    "max_concurrent": (11, 12, 13),
    "rate": ("11/s", "12/s", "13/s"),
    "bwlimit": ("11B", "12B", "13B"),
    "retries": (1, 2, 3),
}


DEFAULTS = {"max_concurrent": 50, "rate": None, "bwlimit": None}
"""Of what can be set while a sync runs; of all else nobody says anything."""

READ = {"rate": parse_rate, "bwlimit": parse_bwlimit}
"""How what is spelt becomes a value."""


@pytest.fixture
def heard(monkeypatch):
    """The arguments that ``sync`` was called with."""
    calls = []

    async def spy(source, repository, **arguments):
        controls = arguments.pop("controls")
        arguments |= {name: getattr(controls, name) for name in ("max_concurrent", "rate", "bwlimit")}
        calls.append({"source": source, "repository": repository.name} | arguments)
        return Report("0" * 32, repository.name, version=1)

    monkeypatch.setattr("rxsync.config.syncing.sync", spy)
    return calls


@pytest.mark.parametrize("key", SAID)
@pytest.mark.parametrize(
    "call", [("tools",), ("/srv", "--repository", "tools"), ("/srv", "--repository", "new"), ()], ids=" ".join
)
def test_a_flag_goes_before_its_variable_that_before_the_file_and_that_before_the_default(
    rxsync, settings, heard, monkeypatch, key, call
):
    in_file, variable, flag = SAID[key]
    nothing = "[repositories.tools]\nsource = '/srv'\n"
    toml = f'"{in_file}"' if isinstance(in_file, str) else in_file
    name = key.replace("_", "-")
    sync = ("sync", *call, "--config")
    assert rxsync(*sync, settings(nothing)).code == 0
    path = settings(f"[defaults]\n{key} = {toml}\n{nothing}")
    rxsync(*sync, path)
    monkeypatch.setenv(f"RXSYNC_{key.upper()}", str(variable))
    rxsync(*sync, path)
    rxsync(*sync, path, f"--{name}", flag)
    read = READ.get(key, lambda value: value)
    said = [read(in_file), read(variable), str(flag) if key == "max_delete" else read(flag)]
    assert [call.get(key, "default") for call in heard] == [DEFAULTS.get(key, "default"), *said]


WAY = {  # key: in the file, what that is, in the environment, what that is
    "proxy": ('"http://file"', "http://file", "environment", "environment"),
    "ca_file": ('"/file"', "/file", "variable", "variable"),
    "verify_tls": ("false", False, "true", True),
    "allow_private": ("true", True, "false", False),
    "connect_timeout": ('"1s"', 1, "2m", 120),
    "idle_timeout": ('"1s"', 1, "2m", 120),
    "min_rate": ('"1K"', 1000, "0", 0),
}


@pytest.mark.parametrize("key", WAY)
def test_a_variable_without_an_option_goes_before_the_file(rxsync, settings, heard, monkeypatch, key):
    toml, in_file, variable, value = WAY[key]
    path = settings(f"[remotes.r]\nurl = 'http://h/'\n{key} = {toml}\n[repositories.a]\nremote = 'r'")
    monkeypatch.setenv(f"RXSYNC_{key.upper()}", "")
    rxsync("--config", path, "sync")
    monkeypatch.setenv(f"RXSYNC_{key.upper()}", variable)
    rxsync("--config", path, "sync")
    rxsync("--config", path, "sync", "/srv", "--repository", "b")
    assert [call[key] for call in heard] == [in_file, value, value]
    assert variables().keys() == {f"RXSYNC_{key.upper()}" for key in WAY}


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("VERIFY_TLS", "no", 'verify_tls = "no": expected true or false'),
        ("IDLE_TIMEOUT", "60", 'idle_timeout = "60": expected a time such as "2m", more than 0'),
        ("PROXY", "http://ada:s3cr3t@p", "proxy: credentials do not belong here; proxy_username and proxy_password_file hold them"),
    ],
)  # fmt: skip
def test_a_variable_without_an_option_that_cannot_be_is_named(rxsync, settings, monkeypatch, variable, text, says):
    monkeypatch.setenv(f"RXSYNC_{variable}", text)
    for command in ("config", "sync"):
        done = rxsync("--config", settings(""), command)
        assert (done.code, done.err) == (2, f"error: $RXSYNC_{variable}: {says}\n")


def test_options_of_the_plugin_go_one_by_one(rxsync, settings, heard):
    path = settings("[repositories.tools]\nsource = '/srv'\noptions = {a = 1, b = 2}")
    rxsync("--config", path, "sync", "-o", "b=3", "-o", "c=4")
    assert heard[0]["options"] == {"a": "1", "b": "3", "c": "4"}


def test_the_file_is_that_of_the_flag_of_the_variable_or_of_the_home(
    rxsync, settings, home, tmp_path, heard, monkeypatch
):
    home.mkdir()
    (home / "rxsync.toml").write_text("[repositories.of-home]\nsource = '/srv'")
    variable = tmp_path / "variable.toml"
    variable.write_text("[repositories.of-variable]\nsource = '/srv'")
    flag = settings("[repositories.of-flag]\nsource = '/srv'")
    rxsync("sync")
    monkeypatch.setenv("RXSYNC_CONFIG", str(variable))
    rxsync("sync")
    rxsync("sync", "--config", flag)
    rxsync("--config", flag, "sync")
    assert [call["repository"] for call in heard] == ["of-home", "of-variable", "of-flag", "of-flag"]


def test_a_file_that_is_named_says_where_the_home_is_for_every_command(rxsync, settings, folder, tmp_path, monkeypatch):
    path = settings(f"home = 'data'\n[repositories.tools]\nsource = '{folder}'")
    monkeypatch.delenv("RXSYNC_HOME")
    assert rxsync("sync", "--config", path).code == 0
    listed = rxsync("--config", path, "repository", "list", "--json").json["repositories"]
    assert [one["name"] for one in listed] == ["tools"]
    assert (tmp_path / "settings" / "data" / "rxsync.db").exists()
    assert rxsync("--config", path, "--home", "other", "repository", "list").err.startswith(
        "error: other is no home yet"
    )
    monkeypatch.setenv("RXSYNC_HOME", "variable")
    assert rxsync("--config", path, "repository", "list").err.startswith("error: variable is no home yet")


def test_a_file_that_is_not_there_is_told_where_it_was_named_and_else_is_none(rxsync, tmp_path):
    done = rxsync("config", "--config", "none.toml")
    assert (done.code, done.err) == (2, "error: none.toml: there is no such file\n")
    assert rxsync("repository", "list", "--config", "none.toml").err == done.err
    assert rxsync("config", "--config", "").code == 2
    none = rxsync("config")
    assert none.code == 0
    assert "rxsync.toml (there is none)" in none.out
    assert rxsync("config", "--json").json["file"]["value"].endswith("/rxsync.toml")
    assert none.out.endswith("\nNo repository is configured.\n")


EXAMPLE = """
home = "data"

[defaults]
retries = 1

[limits]
max_concurrent = 30

[remotes.host]
url = "https://host/tools/"
token_file = "token"

[repositories.tools]
remote = "host"
mode = "additive"
include = ["a*", "b"]

[repositories.isos]
source = "isos"
enabled = false
"""


def test_what_holds_is_shown_with_who_says_so(rxsync, settings, tmp_path, monkeypatch):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "token").write_text("s3cr3t\n")
    monkeypatch.setenv("RXSYNC_POLICY", "on_demand")
    path = settings(EXAMPLE)
    done = rxsync("config", "--config", path)
    assert (done.code, done.err) == (0, "")
    rows = [tuple(re.split(r"\s{2,}", line.strip())) for line in done.out.splitlines()]
    at = rows.index(("tools",))
    assert rows[: at + 12] == [
        ("VALUE", "SAID BY"),
        ("file", str(path), "--config"),
        ("home", str(tmp_path / "home"), "$RXSYNC_HOME"),
        ("database", str(tmp_path / "home" / "rxsync.db"), "default"),
        ("",),
        ("tools",),
        ("source", "https://host/tools/", "[remotes.host] line 11"),
        ("remote", "host", "rxsync.toml line 15"),
        ("token", f"(from {path.parent}/token)", "[remotes.host] line 12"),
        ("enabled", "true", "default"),
        ("plugin", "file", "default"),
        ("mode", "additive", "rxsync.toml line 16"),
        ("policy", "on_demand", "$RXSYNC_POLICY"),
        ("max_delete", "20%", "default"),
        ("on_error", "fail", "default"),
        ("max_concurrent", "30", "[limits] line 8"),
        ("retries", "1", "[defaults] line 5"),
    ]
    assert ("include", "a*, b", "rxsync.toml line 17") in rows
    assert ("enabled", "false", "rxsync.toml line 21") in rows


def test_the_same_is_told_to_programs(rxsync, settings, tmp_path, monkeypatch):
    monkeypatch.delenv("RXSYNC_HOME")
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_TOKEN", "s3cr3t")
    path = settings(EXAMPLE)
    told = rxsync("config", "--config", path, "--json").json
    assert list(told) == ["schema", "exists", "file", "home", "database", "repositories"]
    assert told["home"] == {"value": str(path.parent / "data"), "origin": "rxsync.toml line 2"}
    tools, isos = told["repositories"]
    assert (tools["name"], isos["settings"]["source"]["value"]) == ("tools", str(path.parent / "isos"))
    assert tools["settings"]["include"] == {"value": ["a*", "b"], "origin": "rxsync.toml line 17"}
    where = "$RXSYNC_REMOTE_HOST_TOKEN"
    assert tools["settings"]["token"] == {"value": f"(from {where})", "origin": where}


def test_the_way_to_a_remote_is_shown_without_the_values_of_headers_and_credentials(rxsync, settings, monkeypatch):
    path = settings(
        "[remotes.r]\nurl = 'http://h/'\nusername = 'ada'\npassword_file = 'pw'\nheaders = {X-Key = 's3cr3t'}\n"
        "[defaults]\nproxy = 'http://p/'\nproxy_username = 'bob'\nproxy_password_file = 'pw'\nmin_rate = '1.5K'\n"
        "[repositories.a]\nremote = 'r'\n[repositories.b]\nsource = '/'\n"
    )
    (path.parent / "pw").write_text("s3cr3t")
    monkeypatch.setenv("RXSYNC_IDLE_TIMEOUT", "2m")
    monkeypatch.setenv("RXSYNC_REMOTE_R_PROXY_PASSWORD", "s3cr3t")
    shown, told = rxsync("--config", path, "config"), rxsync("--config", path, "config", "--json")
    assert "s3cr3t" not in shown.out + shown.err + told.out
    rows = [tuple(re.split(r"\s{2,}", line.strip())) for line in shown.out.splitlines()]
    a, b = (rows[rows.index(one) :] for one in (("a",), ("b",)))
    for row in (
        ("username", "ada", "[remotes.r] line 3"),
        ("password", f"(from {path.parent}/pw)", "[remotes.r] line 4"),
        ("headers.X-Key", "(not shown)", "[remotes.r] line 5"),
        ("proxy", "http://p/", "[defaults] line 7"),
        ("proxy_username", "bob", "[defaults] line 8"),
        ("proxy_password", "(from $RXSYNC_REMOTE_R_PROXY_PASSWORD)", "$RXSYNC_REMOTE_R_PROXY_PASSWORD"),
        ("verify_tls", "true", "default"),
        ("connect_timeout", "30s", "default"),
        ("idle_timeout", "120s", "$RXSYNC_IDLE_TIMEOUT"),
        ("min_rate", "1500B", "[defaults] line 10"),
    ):
        assert row in a
    assert ("proxy_password", f"(from {path.parent}/pw)", "[defaults] line 9") in b
    assert told.json["repositories"][0]["settings"]["min_rate"] == {"value": 1500.0, "origin": "[defaults] line 10"}


def test_limits_are_shown_as_they_stand_in_the_file_and_so_is_that_there_is_none(rxsync, settings):
    path = settings(
        "[defaults]\nrate = '90/m'\nbwlimit = '10M'\n[repositories.a]\nsource = '/'\n"
        "[repositories.b]\nsource = '/'\nrate = 'off'\nbwlimit = 'off'\n"
    )
    shown, told = rxsync("--config", path, "config"), rxsync("--config", path, "config", "--json").json
    rows = [
        tuple(line.split(maxsplit=2)) for line in shown.out.splitlines() if line.strip().startswith(("rate", "bwl"))
    ]
    assert rows == [
        ("rate", "1.5/s", "[defaults] line 2"),
        ("bwlimit", "10000000B", "[defaults] line 3"),
        ("rate", "off", "rxsync.toml line 8"),
        ("bwlimit", "off", "rxsync.toml line 9"),
    ]
    assert told["repositories"][1]["settings"]["rate"] == {"value": None, "origin": "rxsync.toml line 8"}


def test_mistakes_of_the_file_are_told_at_once(rxsync, settings):
    path = settings("[repositories.tools]\nsource = '/'\npolcy = 1\nmode = 'miror'")
    done = rxsync("config", "--config", path)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f'error: {path} line 3: unknown key "polcy" in [repositories.tools]: did you mean "policy"?\n'
        f'  {path} line 4: mode = "miror": expected mirror or additive; did you mean "mirror"?\n'
    )
    assert rxsync("config", "--config", path, "--json").json["error"]["message"] in done.err


def test_plugins_their_options_and_secrets_are_looked_at(rxsync, settings, tmp_path):
    path = settings(
        "[remotes.r]\nurl = 'http://h/'\ntoken_file = 'none'\n[repositories.a]\nremote = 'r'\nplugin = 'nope'\n"
        "[repositories.b]\nsource = '/'\noptions.x = 1\n[defaults]\n"
    )
    done = rxsync("config", "--config", path)
    assert done.code == 2
    assert done.err.splitlines() == [
        f"error: {path} line 6: a: no plugin 'nope'; installed: file",
        f"  {path} line 2: a: {path.parent}/none: no such file or directory; expected a file with a secret",
        f"  {path} line 9: b: plugin 'file' has no option 'x'; it has none",
    ]


def test_what_a_download_would_refuse_is_told_before_there_is_one(rxsync, settings, monkeypatch):
    def refuse(**link):
        raise UsageError(f"proxy {link['proxy']}: no")

    monkeypatch.setattr("rxsync.config.check.Link", refuse)
    path = settings(
        "[remotes.r]\nurl = 'http://h/'\nproxy = 'http://p/'\n[repositories.a]\nremote = 'r'\nmode = 'mirror'"
    )
    done = rxsync("config", "--config", path)
    assert (done.code, done.err) == (2, f"error: {path} line 2: a: proxy http://p/: no\n")


def test_a_key_of_another_certificate_and_a_proxy_that_can_be_none_are_told_as_well(rxsync, settings, monkeypatch):
    path = settings(
        "[remotes.r]\nurl = 'https://h/'\nclient_cert = 'mine.pem'\nclient_key = 'other.key'\n"
        "[repositories.a]\nremote = 'r'\n[repositories.b]\nsource = 'https://h:99999/'\n"
        "[remotes.p]\nurl = 'https://h/'\nproxy = 'environment'\n[repositories.c]\nremote = 'p'\n"
    )
    monkeypatch.setenv("http_proxy", "socks5://ada:s3cr3t@p")
    ca = trustme.CA()
    ca.issue_cert("a").cert_chain_pems[0].write_to_path(path.parent / "mine.pem")
    ca.issue_cert("b").private_key_pem.write_to_path(path.parent / "other.key")
    done = rxsync("config", "--config", path)
    assert done.code == 2
    a, b, c = (line.partition(f"{path} ")[2] for line in done.err.splitlines())
    assert a.startswith(
        f"line 2: a: client_cert {path.parent}/mine.pem and client_key {path.parent}/other.key: expected"
    )
    assert b == "line 8: b: https://h:99999/: not a valid URL"
    assert c == "line 10: c: HTTP_PROXY socks5://p: expected an http or https URL with a host"


def test_filters_that_the_plugin_does_not_know_or_that_cannot_be_are_told(rxsync, settings):
    path = settings("[repositories.a]\nsource = '/'\nnewest = 2\nmin_age = '1d'\nmax_size = 0")
    done = rxsync("config", "--config", path)
    assert done.code == 2
    assert [line.partition(f"{path} ")[2][:22] for line in done.err.splitlines()] == [
        "line 3: a: --newest: p",
        "line 4: a: --min-age: ",
        "line 5: a: max_size 0:",
    ]


def test_a_variable_that_is_refused_is_named(rxsync, settings, monkeypatch):
    monkeypatch.setenv("RXSYNC_MODE", "miror")
    done = rxsync("config", "--config", settings(""))
    assert done.code == 2
    assert "(from RXSYNC_MODE)" in done.err


def test_it_fits_a_terminal_of_80_columns(spawn, settings):
    import pty

    ours, theirs = pty.openpty()
    path = settings(EXAMPLE.replace('token_file = "token"\n', "").replace("tools/", "t" * 90))
    process = spawn("config", "--config", path, stdout=theirs, env={**os.environ, "COLUMNS": "80", "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    os.close(ours)
    assert process.wait(60) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(re.search(r"mode +additive +rxsync.toml line", line) for line in lines)
