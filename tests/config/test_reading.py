"""What a file of settings may say, and how it is told that it may not."""

import os

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rxsync.config import read_config
from rxsync.config.keys import KEYS, SECTIONS, TOP, of
from rxsync.errors import UsageError

ONE = '[repositories.tools]\nsource = "https://host/"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[repositories.tools]\nsource = "/srv"\npolcy = "x"', 'line 3: unknown key "polcy" in [repositories.tools]: did you mean "policy"?'),
        ('[repositories."a.b"]\nsource = "/srv"\npolcy = "x"', 'line 3: unknown key "polcy" in [repositories."a.b"]: did you mean "policy"?'),
        ("repositories.tools = {source = '/', x_y_z = 1}", 'line 1: unknown key "x_y_z" in [repositories.tools]: expected source, remote, enabled, plugin, mode, policy, max_delete, on_error, max_failures, max_concurrent, rate, bwlimit, retries, full, retain_versions, include, exclude, newest, min_age, max_size, options'),
        ("[repository.tools]", 'line 1: unknown key "repository": did you mean "repositories"?'),
        ('[defaults]\n\nsource = "/srv"', 'line 3: unknown key "source" in [defaults]: it belongs in [repositories.NAME]'),
        ('home = "."\n[limits]\nmode = "mirror"', 'line 3: unknown key "mode" in [limits]: it belongs in [defaults] or [repositories.NAME]'),
        ("defaults = 1", 'line 1: "defaults": expected a table, [defaults]'),
        ("[repositories]\ntools = 1", 'line 2: "tools": expected a table, [repositories.tools]'),
        ("[[repositories]]", 'line 1: "repositories": expected a table, [repositories]'),
        ('[repositories."a b"]\nsource = "/"', 'line 1: "a b" cannot be a name: expected letters, digits and ._+-, at most 128'),
        ("[repositories.tools]", "line 1: [repositories.tools] needs a source or a remote"),
        ('[remotes.r]\nurl = "http://h/"\n[repositories.tools]\nsource = "/"\nremote = "r"', "line 5: [repositories.tools]: source and remote exclude each other"),
        ('[remotes.isos]\nurl = "http://h/"\n[repositories.tools]\nremote = "isso"', 'line 4: [repositories.tools]: no remote "isso": did you mean "isos"?'),
        ('[repositories.tools]\nremote = "isso"', 'line 2: [repositories.tools]: no remote "isso": there is none'),
        ("[remotes.r]\nusername = 'ada'", "line 1: [remotes.r] needs a url"),
        ("[remotes.r]\nurl = '/srv'", "line 2: url: expected a URL of http, https or file"),
        ("[remotes.r]\nurl = 'ftp://host/'", "line 2: url: expected a URL of http, https or file"),
        ("[remotes.r]\nurl = 'http://h/'\nusername = 'ada'\npassword_file = 'p'\ntoken_file = 't'", "line 5: [remotes.r]: token_file excludes username and password_file"),
        ("[remotes.r]\nurl = 'http://h/'\npassword_file = 'p'", "line 3: [remotes.r]: password_file needs a username"),
        ("[remotes.r]\nurl = 'http://h/'\nclient_key = 'k'", "line 3: [remotes.r]: client_key needs a client_cert"),
        ("[remotes.r]\nurl = 'http://h/'\nproxy_username = 'ada'", "line 3: [remotes.r]: proxy_username needs a proxy"),
        ("[defaults]\nproxy = 'http://p/'\nproxy_password_file = 'p'", "line 3: [defaults]: proxy_password_file needs a proxy_username"),
        ("[defaults]\nproxy = 'environment'\nproxy_username = 'ada'", "line 3: [defaults]: proxy_username needs a proxy that is a URL"),
        ("[defaults]\nproxy = 'socks5://p/'", 'line 2: proxy: expected a URL of http or https, "environment" or "none"'),
        ("[defaults]\nusername = 'ada'", 'line 2: unknown key "username" in [defaults]: it belongs in [remotes.NAME]'),
        ("[defaults]\nidle_timeout = 0", 'line 2: idle_timeout = 0: expected a time such as "2m", more than 0'),
        ("[defaults]\nconnect_timeout = '0s'", 'line 2: connect_timeout = "0s": expected a time such as "30s", more than 0'),
        ("[defaults]\nmin_rate = 1024", 'line 2: min_rate = 1024: expected a size such as "10K"'),
        ("[remotes.r]\nurl = 'http://h/'\nheaders = {X-A = 1}", "line 3: headers: expected a table of texts"),
        ("[remotes.'a-b']\nurl = 'http://h/'\n[remotes.'A.b']\nurl = 'http://i/'", "line 3: a-b and A.b would share the variable RXSYNC_REMOTE_A_B_TOKEN"),
        ('[defaults]\nmode = "miror"', 'line 2: mode = "miror": expected mirror or additive; did you mean "mirror"?'),
        ('[defaults]\nmode = "delete"', 'line 2: mode = "delete": expected mirror or additive'),
        ("[defaults]\npolicy = 5", "line 2: policy = 5: expected immediate or on_demand"),
        ("[defaults]\nretries = true", "line 2: retries = true: expected a whole number from 0"),
        ("[defaults]\nretries = -1", "line 2: retries = -1: expected a whole number from 0"),
        ("[limits]\nmax_concurrent = 0", "line 2: max_concurrent = 0: expected a whole number from 1, or auto"),
        ("[defaults]\nmax_concurrent = '5'", 'line 2: max_concurrent = "5": expected a whole number from 1, or auto'),
        ("[limits]\nrate = 20", 'line 2: rate = 20: expected a number with `/s`, `/m` or `/h`, such as "20/s", or off'),
        ("[limits]\nrate = '0/s'", 'line 2: rate = "0/s": expected a number with `/s`, `/m` or `/h`, such as "20/s", or off'),
        ("[limits]\nbwlimit = 0", 'line 2: bwlimit = 0: expected a size such as "10M" or "1.5MiB", or off'),
        ("[limits]\nbwlimit = '10'", 'line 2: bwlimit = "10": expected a size such as "10M" or "1.5MiB", or off'),
        ("[defaults]\nenabled = 'yes'", 'line 2: enabled = "yes": expected true or false'),
        ("[defaults]\nmax_delete = '120%'", 'line 2: max_delete = "120%": expected a number such as 50, or a percentage such as "20%"'),
        ("[defaults]\nmax_delete = true", 'line 2: max_delete = true: expected a number such as 50, or a percentage such as "20%"'),
        ("[defaults]\nmax_delete = 0.5", 'line 2: max_delete = 0.5: expected a number such as 50, or a percentage such as "20%"'),
        ("[defaults]\nretain_versions = 0", "line 2: retain_versions = 0: expected a whole number from 1"),
        ("[defaults]\ninclude = 'a*'", 'line 2: include = "a*": expected a list of patterns'),
        ("[defaults]\ninclude = []", "line 2: include = []: expected a list of patterns"),
        ("[defaults]\nexclude = ['a', 1]", 'line 2: exclude = ["a", 1]: expected a list of patterns'),
        ("[defaults]\ninclude = ['a', '[']", "line 2: include: pattern '[': the [ has no ]"),
        ("[defaults]\nexclude = ['re:(']", "line 2: exclude: pattern 're:(': missing ), unterminated subpattern at position 0"),
        ("[repositories.a]\nsource = 'ftp://host/'", "line 2: source: expected a URL of http, https or file, or a folder"),
        ("[defaults]\nmin_age = '5'", 'line 2: min_age = "5": expected a time such as "24h" or "7d"'),
        ("[defaults]\nmin_age = 5", 'line 2: min_age = 5: expected a time such as "24h" or "7d"'),
        ("[defaults]\nmin_age = false", 'line 2: min_age = false: expected a time such as "24h" or "7d"'),
        ("[defaults]\nmax_size = '5X'", 'line 2: max_size = "5X": expected a size such as "500M" or "1.5GiB"'),
        ("[defaults]\noptions = ['a']", 'line 2: options = ["a"]: expected a table'),
        ("[defaults.options]\na = {b = 1}", 'line 1: options = {"a": {"b": 1}}: expected a table'),
        ("[defaults]\nplugin = ' '", 'line 2: plugin = " ": expected the name of a plugin'),
        (f"[defaults]\nmode = '{'x' * 99}'", f'line 2: mode = "{"x" * 59}…: expected mirror or additive'),
        ("a = [", "line 1: invalid value"),
        ("a = 1\nb c = 2\n", "line 2, column 3: expected '=' after a key in a key/value pair"),
        ("a = 1\na = 2", "line 2: cannot overwrite a value"),
        (f"a = {'9' * 5000}", "a value that is too long or too deep"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_what_and_where(wrong, text, told):
    separator = " " if told.startswith("line") else ": "
    assert wrong(text) == [f"rxsync.toml{separator}{told}"]


def test_brackets_without_end_are_told_and_do_not_end_the_process(wrong):
    [told] = wrong(f"a = {'[' * 100_000}")
    assert told.startswith("rxsync.toml")


def test_all_mistakes_of_a_file_are_told_at_once_from_top_to_bottom(wrong):
    told = wrong(
        '[repositories.b]\n[defaults]\nmode = 1\n[limits]\nx = 1\n[repositories.a]\nsource = "/"\nretries = "4"'
    )
    assert [line.partition(":")[0] for line in told] == [f"rxsync.toml line {n}" for n in (1, 3, 5, 8)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[remotes.r]\nurl = 'http://ada:s3cr3t@host/'", "line 2: url: credentials do not belong here"),
        ("[remotes.r]\nurl = 'ada:s3cr3t@host/'", "line 2: url: credentials do not belong here"),
        ("[repositories.r]\nsource = 'http://ada:s3cr3t@host/'", "line 2: source: credentials do not belong here"),
        ("[remotes.r]\nurl = ['s3cr3t']", "line 2: url: expected a URL"),
        ("database = 'postgresql://ada:s3cr3t@host/db'", "line 1: database: a password does not belong in this file"),
        ("database = 'postgresql://host/db?password=s3cr3t'", "line 1: database: a password does not belong"),
        (
            "[remotes.r]\nurl = 'http://host/'\npassword = 's3cr3t'",
            "a secret does not belong in this file; password_file",
        ),
        ("[remotes.r]\nurl = 'http://host/'\ntoken = 's3cr3t'", "a secret does not belong in this file; token_file"),
        (
            "[defaults]\nproxy = 'http://ada:s3cr3t@host/'",
            "line 2: proxy: credentials do not belong here; proxy_username",
        ),
        ("[defaults]\nproxy_password = 's3cr3t'", "a secret does not belong in this file; proxy_password_file"),
        (
            "[remotes.r]\nurl = 'http://host/'\nheaders.Authorization = 's3cr3t'",
            "line 3: headers: Authorization does not",
        ),
        ("[remotes.r]\nurl = 'http://host/'\nheaders.X-A = ['s3cr3t']", "line 3: headers: expected a table of texts"),
        ("token = 's3cr3t'", "a secret does not belong in this file; token_file"),
        ("[remotes.r]\nurl = 'http://host/'\ntoken = s3cr3t", "line 3, column 9: invalid value"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(wrong, text, says):
    [told] = wrong(text)
    assert says in told
    assert "s3cr3t" not in told


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "latin").write_bytes(b"# a\n# \xe9\n")
    for name, says in {
        "none": "there is no such file",
        "latin": "line 2: expected UTF-8",
        "": "is a directory",
        "latin/x": "there is no such file",
        "a\0b": "it cannot be a path",
    }.items():
        with pytest.raises(UsageError) as caught:
            read_config(tmp_path / name)
        assert str(caught.value).endswith(says)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.touch(0o000)
    with pytest.raises(UsageError, match="permission denied"):
        read_config(path, named=False)


def test_a_file_that_nobody_named_need_not_be_there(tmp_path):
    config = read_config(tmp_path / "none" / "rxsync.toml", named=False)
    assert (config.exists, dict(config.repositories)) == (False, {})


def test_only_a_file_that_is_named_says_where_the_home_is(read, wrong, tmp_path):
    text = 'home = "data"\ndatabase = "postgresql:///mirrors"\n'
    assert read(text).home.value == str(tmp_path / "data")
    assert read('home = "/srv/data"').home.value == "/srv/data"
    assert read(text).database.value == "postgresql:///mirrors"
    assert wrong(text, named=False) == [
        "rxsync.toml line 1: home can stand only in a file that --config or RXSYNC_CONFIG names",
        "rxsync.toml line 2: database can stand only in a file that --config or RXSYNC_CONFIG names",
    ]


def test_a_folder_is_understood_from_where_the_file_is(read, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    assert read("[repositories.a]\nsource = 'src'").effective("a").source.value == str(tmp_path / "src")
    assert read("[repositories.a]\nsource = '/src'").effective("a").source.value == "/src"
    assert read("[repositories.a]\nsource = 'file:///src'").effective("a").source.value == "file:///src"


def misspelt(name, place, how):
    """A name with one slip of the fingers."""
    place %= len(name)
    return {
        "left out": name[:place] + name[place + 1 :],
        "twice": name[: place + 1] + name[place:],
        "swapped": name[:place] + name[place + 1 : place + 2] + name[place] + name[place + 2 :],
    }[how]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from([(section, name) for section in SECTIONS[1:] for name in of(section)]),
    place=st.integers(0, 20),
    how=st.sampled_from(["left out", "twice", "swapped"]),
    above=st.integers(0, 5),
)
def test_a_slip_of_the_fingers_names_the_key_that_was_meant_and_its_line(wrong, which, place, how, above):
    section, name = which
    slip = misspelt(name, place, how)
    assume(slip not in {key.name for key in KEYS})
    table = section if section in ("defaults", "limits") else f"{section}.x"
    need = {"remotes": "url = 'http://h/'\n", "repositories": "source = '/'\n"}.get(section, "")
    told = wrong(f"[{table}]\n{need}{'# comment' * (above > 2)}{chr(10) * (above + 1)}{slip} = 1")
    line = 2 + need.count("\n") + above + 1
    assert told == [f'rxsync.toml line {line}: unknown key "{slip}" in [{table}]: did you mean "{name}"?']


def test_every_key_says_what_it_is_for_and_stands_in_a_section_that_is_known():
    for key in KEYS:
        assert key.help
        assert key.takes
        assert set(key.sections) <= set(SECTIONS)
    assert set(of(TOP)) == {"home", "database"}


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_bytes(b"\xef\xbb\xbf[repositories.a]\nsource = '/'\n")
    assert list(read_config(path).repositories) == ["a"]
