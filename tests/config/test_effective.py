"""What holds for a repository after all, and which argument of ``sync`` it becomes."""

import inspect
from dataclasses import asdict, dataclass

import pytest

from rxsync.config import Setting
from rxsync.config.keys import KEYS, LINKED, effective
from rxsync.config.readers import NO_PROXY
from rxsync.download.link import LinkOptions
from rxsync.errors import UsageError
from rxsync.pipeline.guards import MaxDelete
from rxsync.pipeline.options import Texts, parse
from rxsync.pipeline.rules import arrange

FULL = """
[defaults]
retries = 1
mode = "additive"
options = {a = "default", b = 1}

[limits]
max_concurrent = 30

[remotes.host]
url = "https://host/"
retries = 2
max_concurrent = 40

[repositories.tools]
remote = "host"
retries = 3
options.a = "own"

[repositories.isos]
remote = "host"
max_concurrent = 20

[repositories.plain]
source = "/srv"
"""


def values(one):
    return {name: setting.value for name, setting in one.settings.items()}


def origins(one, *names):
    return [one.settings[name].origin for name in names]


def test_a_repository_goes_before_its_remote_and_that_before_the_defaults(read):
    config = read(FULL)
    retries = [values(config.effective(name))["retries"] for name in ("tools", "isos", "plain")]
    assert retries == [3, 2, 1]
    assert origins(config.effective("tools"), "retries", "mode", "policy") == [
        "rxsync.toml line 17", "[defaults] line 4", "default"
    ]  # fmt: skip
    assert origins(config.effective("isos"), "retries") == ["[remotes.host] line 12"]


def test_a_limit_bounds_what_the_file_says_and_what_nobody_says(read):
    config = read(FULL)
    most = [config.effective(name).settings["max_concurrent"] for name in ("tools", "isos", "plain")]
    assert [one.value for one in most] == [30, 20, 30]
    assert [one.origin for one in most] == ["[limits] line 8", "rxsync.toml line 22", "[limits] line 8"]


@pytest.mark.parametrize(
    ("said", "limit", "holds"),
    [
        ("rate = '20/s'", "rate = '10/s'", 10),
        ("rate = '5/s'", "rate = '10/s'", 5),
        ("rate = 'off'", "rate = '10/s'", 10),
        ("rate = '5/s'", "rate = 'off'", 5),
        ("", "rate = '60/m'", 1),
        ("", "bwlimit = '1.5MiB'", 1572864),
        ("bwlimit = '10M'", "bwlimit = '1G'", 10_000_000),
        ("max_concurrent = 'auto'", "max_concurrent = 20", 20),
        ("max_concurrent = 'auto'", "max_concurrent = 50", "auto"),
        ("max_concurrent = 60", "max_concurrent = 'auto'", "auto"),
        ("max_concurrent = 20", "max_concurrent = 'auto'", 20),
    ],
)
def test_of_two_limits_the_smaller_holds_and_none_is_no_limit(read, said, limit, holds):
    config = read(f"[limits]\n{limit}\n[repositories.a]\nsource = '/'\n{said}\n")
    assert config.effective("a").settings[limit.split()[0]].value == holds


def test_what_is_given_goes_before_all_that_the_file_says(read):
    given = {"retries": Setting(9, "--retries"), "max_concurrent": Setting(99, "$RXSYNC_MAX_CONCURRENT")}
    one = read(FULL).effective("tools", given)
    assert (values(one)["retries"], values(one)["max_concurrent"]) == (9, 99)
    assert origins(one, "retries", "max_concurrent") == ["--retries", "$RXSYNC_MAX_CONCURRENT"]


def test_options_go_one_by_one(read):
    one = read(FULL).effective("tools", {"options": Setting({"c": Setting("3", "-o")}, "-o")})
    assert one.options == {"a": "own", "b": "1", "c": "3"}
    assert [setting.origin for setting in one.settings["options"].value.values()] == [
        "rxsync.toml line 18", "[defaults] line 5", "-o"
    ]  # fmt: skip
    assert read(FULL).effective("plain").options == {"a": "default", "b": "1"}


def test_another_source_has_the_settings_of_the_repository_and_nothing_of_its_remote(read):
    one = read(FULL).effective("isos", source="/mnt/usb")
    assert (one.source.value, one.remote, one.remote_settings) == ("/mnt/usb", None, {})
    assert (values(one)["retries"], values(one)["max_concurrent"]) == (1, 20)
    unknown = read(FULL).effective("new", source="/mnt/usb")
    assert (values(unknown)["retries"], values(unknown)["mode"]) == (1, "additive")


def test_only_what_is_enabled_is_meant_where_nothing_is_named(read):
    config = read(
        "[repositories.b]\nsource = '/'\n[repositories.a]\nsource = '/'\nenabled = false\n[repositories.c]\nsource = '/'"
    )
    assert config.chosen() == ["b", "c"]
    assert config.chosen(["c", "a", "c"]) == ["c", "a"]
    turned = read(
        "[defaults]\nenabled = false\n[repositories.b]\nsource = '/'\nenabled = true\n[repositories.a]\nsource = '/'"
    )
    assert turned.chosen() == ["b"]


@pytest.mark.parametrize(
    ("text", "names", "says"),
    [
        ("", (), ": no repository is configured"),
        ("[repositories.b]\nsource = '/'\nenabled = false", (), ": no repository is enabled"),
        ("[repositories.tools]\nsource = '/'", ("tols",), 'no repository "tols" in '),
        ("", ("tols",), ": it has none"),
        (
            "[repositories.tools]\nsource = '/'",
            ("tools", "http://ada:s3cr3t@host/"),
            'no repository "http://host/" in ',
        ),
    ],
)
def test_what_is_not_configured_is_told(read, text, names, says):
    with pytest.raises(UsageError) as caught:
        read(text).chosen(names)
    assert says in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_what_was_said_becomes_arguments_of_sync_and_the_rest_is_left_to_it(read):
    assert read("[repositories.a]\nsource = '/'").effective("a").arguments() == {"options": {}}
    text = """[repositories.a]\nsource = '/'\nplugin = 'debian'\nmode = 'additive'\npolicy = 'on_demand'\nmax_delete = 50
max_concurrent = 5\nrate = '90/m'\nbwlimit = '10M'\nretries = 0\nretain_versions = 3\ninclude = ['a*', 'b']\nexclude = ['c']\nnewest = 2\nmin_age = '24h'
max_size = '1.5GiB'\noptions.x = 1"""
    assert read(text).effective("a").arguments() == {
        "plugin": "debian", "mode": "additive", "policy": "on_demand", "max_delete": "50", "max_concurrent": 5, "retries": 0,
        "rate": 1.5, "bwlimit": 10_000_000,
        "retain_versions": 3, "include": ("a*", "b"), "exclude": ("c",), "newest": 2, "min_age": 86400.0,
        "max_size": 1610612736, "options": {"x": "1"},
    }  # fmt: skip


WAY = """
[defaults]
proxy = "http://outer:3128"
proxy_username = "ada"
proxy_password_file = "pw"
ca_file = "ca.pem"
min_rate = 0

[remotes.inner]
url = "https://inner/"
proxy = "http://inner:3128"
headers = {X-Team = "mirrors"}
verify_tls = false
allow_private = false
connect_timeout = "5s"
idle_timeout = "2m"
min_rate = "1K"

[remotes.outer]
url = "https://outer/"

[repositories.a]
remote = "inner"

[repositories.b]
remote = "outer"

[repositories.c]
source = "https://plain/"
"""


def test_the_way_to_a_remote_becomes_arguments_of_sync(read, tmp_path):
    config = read(WAY)
    assert config.effective("a").arguments() == {
        "proxy": "http://inner:3128", "headers": {"X-Team": "mirrors"}, "ca_file": f"{tmp_path}/ca.pem",
        "verify_tls": False, "allow_private": False, "connect_timeout": 5.0, "idle_timeout": 120.0, "min_rate": 1000,
        "options": {},
    }  # fmt: skip
    everywhere = {"proxy": "http://outer:3128", "ca_file": f"{tmp_path}/ca.pem", "min_rate": 0, "options": {}}
    assert [config.effective(name).arguments() for name in "bc"] == [everywhere, everywhere]
    assert config.effective("a", source="https://other/").arguments() == everywhere


def test_another_proxy_does_not_hear_how_to_sign_in_at_the_first(read):
    config = read(WAY)
    told = [(values(one)["proxy_username"], values(one)["proxy_password_file"]) for one in map(config.effective, "abc")]
    assert told == [(None, None), ("ada", "pw"), ("ada", "pw")]
    given = config.effective("b", {"proxy": Setting("http://third", "$RXSYNC_PROXY")})
    assert (values(given)["proxy_username"], values(given)["proxy_password_file"]) == (None, None)


def test_no_repr_tells_the_value_of_a_header(read):
    one = read(WAY.replace("mirrors", "s3cr3t")).effective("a")
    assert one.arguments()["headers"] == {"X-Team": "s3cr3t"}
    assert "s3cr3t" not in repr(one) + str(one.arguments())
    assert "X-Team" in repr(one)


def test_zero_needs_no_unit(read):
    said = values(read("[repositories.a]\nsource = '/'\nmin_age = 0\nmax_size = 0\nmax_delete = 0").effective("a"))
    assert (said["min_age"], said["max_size"], said["max_delete"]) == (0, 0, "0")


def test_the_defaults_are_those_of_sync():
    defaults = {name: one.default for name, one in inspect.signature(arrange).parameters.items()} | asdict(LINKED)
    for key in effective().values():
        if key.default not in (None, NO_PROXY) and key.argument is not None:
            assert str(defaults[key.argument]) == str(key.default), key.name
    assert (LINKED.max_concurrent, LINKED.retries, str(MaxDelete(20, percent=True))) == (50, 4, "20%")
    assert LINKED.proxy is None


def test_all_that_may_be_said_of_the_way_to_a_remote_can_stand_in_the_file():
    keys = {key.name for key in KEYS} - {"proxy_username", "proxy_password_file"}
    assert set(LinkOptions.__annotations__) - {"password", "token"} <= keys
    assert {"password_file", "token_file"} <= keys


def test_each_key_of_a_repository_but_a_few_is_an_argument_of_sync():
    assert [key.name for key in KEYS if "repositories" in key.sections and key.argument is None] == [
        "source", "remote", "enabled"
    ]  # fmt: skip


@dataclass
class Options:
    names: tuple[str, ...] = ()
    one: str = ""
    many: frozenset[int] = frozenset()
    yes: bool = False
    perhaps: list[str] | None = None


def test_options_of_a_file_have_the_types_of_the_plugin(read):
    text = "[repositories.a]\nsource = '/'\n[repositories.a.options]\nnames = ['a, b', 'c']\none = 5\nmany = [1, 2]\nyes = true\nperhaps = ['x']"
    told = parse(Options, read(text).effective("a").options, "p")
    assert told == Options(("a, b", "c"), "5", frozenset({1, 2}), True, ["x"])


@pytest.mark.parametrize("name", ["one", "yes"])
def test_several_texts_for_an_option_of_one_are_refused(name):
    with pytest.raises(UsageError, match=f"option {name}="):
        parse(Options, {name: Texts(["a"])}, "p")
