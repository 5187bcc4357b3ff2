"""Where secrets come from, and where they never go."""

import pytest

from rxsync.config.secrets import secrets_of, sign_in, variable
from rxsync.errors import UsageError

BASIC = "[remotes.host]\nurl = 'https://host/x@y'\nusername = 'ada@x'\npassword_file = 'pw'\n[repositories.a]\nremote = 'host'\n"
TOKEN = "[remotes.host]\nurl = 'https://host/'\ntoken_file = 'tk'\n[repositories.a]\nremote = 'host'\n"
NONE = "[remotes.host]\nurl = 'https://host/'\n[repositories.a]\nremote = 'host'\n"


def token(one):
    return sign_in(one)["token"]()


def test_a_password_is_read_from_its_file_beside_that_of_the_settings(read, tmp_path):
    (tmp_path / "pw").write_text("p/w:1 é\n")
    assert sign_in(read(BASIC).effective("a")) == {"username": "ada@x", "password": "p/w:1 é", "proxy": None}
    alone = sign_in(read(BASIC.replace("password_file = 'pw'\n", "")).effective("a"))
    assert alone == {"username": "ada@x", "password": None, "proxy": None}


def test_a_token_is_read_again_each_time_somebody_asks(read, tmp_path):
    path = tmp_path / "tk"
    path.write_bytes(b"t0")
    ask = sign_in(read(TOKEN).effective("a"))["token"]
    for text, said in (("t1\n", "t1"), ("t2\r\n", "t2"), ("t3", "t3"), (" t4 \n", " t4 ")):
        path.write_bytes(text.encode())
        assert ask() == said


def test_the_folder_of_credentials_goes_before_that_of_the_file(read, tmp_path, monkeypatch):
    lent = tmp_path / "lent"
    lent.mkdir()
    (tmp_path / "tk").write_text("beside")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(lent))
    one = read(TOKEN).effective("a")
    assert token(one) == "beside"
    (lent / "tk").write_text("lent")
    assert token(one) == "lent"
    assert str(secrets_of(one)["token"]) == f"(from {lent}/tk)"


def test_the_environment_goes_before_the_file(read, monkeypatch):
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_TOKEN", "env")
    assert token(read(TOKEN).effective("a")) == "env"
    assert token(read(NONE).effective("a")) == "env"
    assert str(secrets_of(read(NONE).effective("a"))["token"]) == "(from $RXSYNC_REMOTE_HOST_TOKEN)"


def test_a_repository_without_the_remote_hears_nothing_of_its_secrets(read, tmp_path, monkeypatch):
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_TOKEN", "env")
    assert sign_in(read(TOKEN).effective("a", source="https://other/")) == {"proxy": None}
    assert sign_in(read(f"{TOKEN}[repositories.host]\nsource = '/srv'").effective("host")) == {"proxy": None}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "tk: no such file or directory; expected a file with a secret"),
        (b"", "tk: expected a secret, it is empty"),
        (b"\n", "tk: expected a secret, it is empty"),
        (b"s3cr3t\nmore\n", "tk: expected a secret, it is not one line of printable text"),
        (b"s3cr3t\x1b", "tk: expected a secret, it is not one line of printable text"),
        (b"s3cr3t\xff", "tk: expected a secret, it is not one line of printable text"),
    ],
)
def test_a_file_that_holds_no_secret_is_told_by_its_path_alone(read, tmp_path, content, says):
    if content is not None:
        (tmp_path / "tk").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        sign_in(read(TOKEN).effective("a"))
    assert str(caught.value) == f"{tmp_path}/{says}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (TOKEN, "PASSWORD", "a password (from $RXSYNC_REMOTE_HOST_PASSWORD) and a token (from "),
        (BASIC, "TOKEN", "and a token (from $RXSYNC_REMOTE_HOST_TOKEN) exclude each other"),
        (BASIC.replace("password_file = 'pw'\n", ""), "TOKEN", "a username and a token (from $"),
        (NONE, "PASSWORD", "a password (from $RXSYNC_REMOTE_HOST_PASSWORD) needs a username"),
        (NONE, "PROXY_PASSWORD", "a password for the proxy (from $RXSYNC_REMOTE_HOST_PROXY_PASSWORD) needs a proxy_"),
    ],
)
def test_two_ways_to_sign_in_exclude_each_other(read, tmp_path, monkeypatch, text, name, says):
    monkeypatch.setenv(f"RXSYNC_REMOTE_HOST_{name}", "s3cr3t")
    (tmp_path / "pw").write_text("s3cr3t")
    with pytest.raises(UsageError) as caught:
        sign_in(read(text).effective("a"))
    assert says in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_no_repr_tells_a_secret(read, tmp_path, monkeypatch):
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_TOKEN", "s3cr3t")
    one = read(TOKEN).effective("a")
    assert "s3cr3t" not in repr(one) + repr(secrets_of(one)) + str(secrets_of(one))


def test_the_name_of_a_variable_is_that_of_the_remote():
    assert variable("deb-12.main+x_y", "password") == "RXSYNC_REMOTE_DEB_12_MAIN_X_Y_PASSWORD"


PROXY = """
[defaults]
proxy = "http://proxy:3128/"
proxy_username = "ad@"
proxy_password_file = "pw"
[remotes.host]
url = "https://host/"
[remotes.near]
url = "https://near/"
proxy = "none"
[repositories.a]
remote = "host"
[repositories.near]
remote = "near"
[repositories.plain]
source = "https://plain/"
"""


def test_the_password_for_a_proxy_goes_into_its_url(read, tmp_path, monkeypatch):
    config = read(PROXY)
    (tmp_path / "pw").write_text("p/w:1")
    both = {"proxy": "http://ad%40:p%2Fw%3A1@proxy:3128/"}
    assert [sign_in(config.effective(name)) for name in ("a", "near", "plain")] == [both, {"proxy": None}, both]
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_PROXY_PASSWORD", "env")
    assert sign_in(config.effective("a")) == {"proxy": "http://ad%40:env@proxy:3128/"}
    assert sign_in(config.effective("plain")) == both
    without = read(PROXY.replace('proxy_password_file = "pw"', "")).effective("plain")
    assert sign_in(without) == {"proxy": "http://ad%40@proxy:3128/"}


def test_a_certificate_and_its_key_are_looked_for_where_secrets_are(read, tmp_path, monkeypatch):
    one = read(NONE.replace("[repo", "client_cert = 'c.pem'\nclient_key = 'k.pem'\n[repo")).effective("a")
    beside = {"client_cert": f"{tmp_path}/c.pem", "client_key": f"{tmp_path}/k.pem", "proxy": None}
    assert sign_in(one) == beside
    lent = tmp_path / "lent"
    lent.mkdir()
    (lent / "k.pem").touch()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(lent))
    assert sign_in(one) == beside | {"client_key": f"{lent}/k.pem"}


def test_what_is_for_one_remote_alone_has_variables_of_its_own(read, monkeypatch):
    text = NONE + "[remotes.other]\nurl = 'https://other/'\nusername = 'ada'\n[repositories.b]\nremote = 'other'\n"
    for what, said in (("USERNAME", "eve"), ("HEADERS", "X-A: 1\nX-B: two: three\n"), ("CLIENT_CERT", "c.pem")):
        monkeypatch.setenv(f"RXSYNC_REMOTE_HOST_{what}", said)
    config = read(text)
    one = config.effective("a")
    assert sign_in(one)["username"] == "eve"
    assert sign_in(one)["client_cert"].endswith("c.pem")
    assert dict(one.remote_settings["headers"].value) == {"X-A": "1", "X-B": "two: three"}
    assert one.remote_settings["headers"].origin == "$RXSYNC_REMOTE_HOST_HEADERS"
    assert sign_in(config.effective("b"))["username"] == "ada"


@pytest.mark.parametrize("said", ["s3cr3t without a colon", "Authorization: s3cr3t"])
def test_headers_in_the_environment_that_are_none_are_refused_and_not_told(read, monkeypatch, said):
    monkeypatch.setenv("RXSYNC_REMOTE_HOST_HEADERS", said)
    with pytest.raises(UsageError, match=r"^\$RXSYNC_REMOTE_HOST_HEADERS: headers: ") as caught:
        read(NONE)
    assert "s3cr3t" not in str(caught.value)
