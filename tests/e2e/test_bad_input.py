"""Bad input gets one clear line and the exit code of the design; the version before it stays."""

import os
import socket
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from tests.e2e.conftest import counting_server, rxsync, stored, temporary
from tests.operators.conftest import sha256

GOOD = f"a,{sha256(b'one')},3\n"
ZERO = "0" * 64


def attempt(home, *words):
    """Run the command as a person would; answers exit code, its one line on stderr, and stdout."""
    command = [sys.executable, "-m", "rxsync", "--home", str(home), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("hint:", "  "))]
    assert len(lines) == 1, done.stderr
    return done.returncode, lines[0], done.stdout


@pytest.fixture
def site(tmp_path):
    """A repository that was mirrored once, its server, and its home."""
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    (folder / "a").write_bytes(b"one")
    (folder / "PULP_MANIFEST").write_text(GOOD)
    with counting_server(folder) as server:
        rxsync(home, "sync", server.url, "--repository", "tools")
        yield folder, home, server
    assert [version["number"] for version in rxsync(home, "version", "list", "tools")["versions"]] == [0, 1]
    assert stored(home) == {sha256(b"one"): b"one"}
    assert temporary(home) == []


@pytest.mark.parametrize(
    ("manifest", "code", "said"),
    [
        ("a\n", 4, "PULP_MANIFEST line 1: expected relative_path,sha256,size, got 'a'"),
        (GOOD + f"../b,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path '../b'"),
        (GOOD + f"/b,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path '/b'"),
        (GOOD + f",{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path ''"),
        (GOOD + f"./b,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path './b'"),
        (GOOD + f"b//c,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path 'b//c'"),
        (GOOD + f"{'b/' * 3000}c,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path"),
        (GOOD + f"b\\c,{ZERO},3\n", 4, "PULP_MANIFEST line 2: relative_path 'b\\\\c'"),
        (GOOD + f"b\0c,{ZERO},3\n", 4, "line 2"),
        (GOOD + f"b,{ZERO[1:]},3\n", 4, "PULP_MANIFEST line 2: sha256: expected 64 hex digits"),
        (GOOD + f"b,{ZERO[1:]}g,3\n", 4, "PULP_MANIFEST line 2: sha256: expected 64 hex digits"),
        (GOOD + f"b,{ZERO},-4\n", 4, 'PULP_MANIFEST line 2: size "-4" is negative'),
        (GOOD + f"b,{ZERO},four\n", 4, "PULP_MANIFEST line 2: size: expected a decimal number of bytes, got 'four'"),
        (
            GOOD + f"a,{ZERO},0\n",
            4,
            '"a" (PULP_MANIFEST line 2) and "a" (PULP_MANIFEST line 1) have other bytes: expected each path once.',
        ),
        (GOOD + f"a/b,{sha256(b'')},0\n", 4, '"a/b" (PULP_MANIFEST line 2) lies below "a" (PULP_MANIFEST line 1)'),
        (GOOD + f"b,{ZERO}", 4, "PULP_MANIFEST line 2: expected relative_path,sha256,size"),
        ("", 8, "the source is empty, and all 1 units would be removed"),
        (GOOD + f"missing,{ZERO},3\n", 4, "/missing: HTTP 404 Not Found"),
        (f"a,{ZERO},3\n", 6, f"/a: sha256 declared {ZERO}, received {sha256(b'one')}"),
        (f"a,{sha256(b'four')},4\n", 6, "/a: size declared 4 bytes, received 3 bytes"),
        (f"a,{sha256(b'two')},2\n", 6, "/a: size declared 2 bytes, received 3 or more bytes"),
    ],
)
def test_a_bad_manifest_or_bad_bytes(site, manifest, code, said):
    folder, home, server = site
    (folder / "PULP_MANIFEST").write_text(manifest)
    (folder / "a").is_dir() or (folder / "empty").write_bytes(b"")
    exit_code, line, out = attempt(home, "sync", server.url, "--repository", "tools", "--retries", "0")
    assert exit_code == code, line
    assert line.startswith("error: tools: ")
    assert said in line
    assert line.endswith(" Version 1 stays.")
    assert out == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (os.urandom(4000) + b"\0\n" * 10, "PULP_MANIFEST: line"),
        (b"\x1f\x8b\x08" + bytes(range(256)), "PULP_MANIFEST: line 1"),
        ("ä,".encode("latin-1") + ZERO.encode() + b",3\n", "PULP_MANIFEST: line 1"),
    ],
)
def test_binary_rubbish_does_not_look_like_text(site, body, said):
    folder, home, server = site
    (folder / "PULP_MANIFEST").write_bytes(body)
    code, line, _ = attempt(home, "sync", server.url, "--repository", "tools")
    assert code == 4
    assert said.split(":")[0] in line
    assert "line" in line


def test_a_line_of_a_gigabyte_without_an_end_is_given_up_in_bounded_memory(site, tmp_path):
    _, home, _ = site
    endless = tmp_path / "endless"
    endless.mkdir()
    with (endless / "PULP_MANIFEST").open("wb") as manifest:
        manifest.write(GOOD.encode() + b"x")
        manifest.truncate(1 << 20)
        manifest.seek(0, os.SEEK_END)
        for _ in range(64):
            manifest.write(b"y" * (1 << 20))
    os.truncate(endless / "PULP_MANIFEST", 1 << 30)
    with counting_server(endless) as server:
        done = limited(home, "sync", server.url, "--repository", "tools", resource="RLIMIT_DATA", megabytes=256)
    assert done.returncode == 4, done.stderr
    assert "PULP_MANIFEST" in done.stderr
    assert "line 2" in done.stderr


def test_a_manifest_that_is_cut_off_is_no_manifest(site):
    _, home, _ = site
    text = (GOOD + f"b,{ZERO},3\n").encode()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        command = ["sync", f"http://127.0.0.1:{listening.getsockname()[1]}/", "--repository", "tools", "--retries", "0"]
        process = subprocess.Popen(
            [sys.executable, "-m", "rxsync", "--home", str(home), *command], stderr=subprocess.PIPE, text=True
        )
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text[:-20])
        connection.close()
        _, err = process.communicate()
    assert process.returncode == 4
    assert err.startswith(f"error: tools: http://127.0.0.1:{command[1].split(':')[2][:-1]}/PULP_MANIFEST: ")


def test_refused_connections_unknown_hosts_and_missing_manifests(site, tmp_path):
    _, home, server = site
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    for source, said in [
        (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/PULP_MANIFEST: connection refused"),
        ("http://no-such-host.invalid/", "http://no-such-host.invalid/PULP_MANIFEST: unknown host"),
        (f"{server.url}nowhere/", "nowhere/PULP_MANIFEST: HTTP 404 Not Found"),
    ]:
        code, line, _ = attempt(home, "sync", source, "--repository", "tools", "--retries", "0")
        assert code == 4, line
        assert said in line


def test_a_web_page_instead_of_a_manifest_gets_a_hint(site, tmp_path):
    folder, home, server = site
    (folder / "sub").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "rxsync", "--home", home, "sync", f"{server.url}sub", "--repository", "tools"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    error, hint = done.stderr.splitlines()
    assert "sub line 1: expected relative_path,sha256,size" in error
    assert hint == "hint: that is a web page: the URL of a folder with a PULP_MANIFEST in it ends in a slash"


def test_a_password_in_the_source_is_never_shown(site):
    _, home, server = site
    source = server.url.replace("http://", "http://me:s3cret@") + "nowhere/"
    code, line, out = attempt(home, "sync", source, "--repository", "tools", "--retries", "0")
    assert code == 4
    assert "s3cret" not in line + out
    assert b"s3cret" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sync", "SOURCE", "--repository", "tools", "--plugin", "nope"], "no plugin 'nope'"),
        (["sync", "SOURCE", "--repository", "tools", "--colour"], "--colour"),
        (["sync", "/no/such/folder", "--repository", "tools"], "/no/such/folder"),
        (["sync", "gopher://there/x", "--repository", "tools"], "gopher"),
        (["synk"], "synk"),
    ],
)
def test_usage_is_refused_with_2_and_nothing_is_made(site, tmp_path, words, said):
    _, _, server = site
    other = tmp_path / "other home"
    code, line, _ = attempt(other, *[server.url if word == "SOURCE" else word for word in words])
    assert code == 2, line
    assert said in line
    assert not other.exists()


def test_a_file_where_the_home_should_be(site, tmp_path):
    _, _, server = site
    (tmp_path / "file").write_text("precious")
    code, line, _ = attempt(tmp_path / "file", "sync", server.url, "--repository", "tools")
    assert code == 2
    assert "file" in line
    assert (tmp_path / "file").read_text() == "precious"


def limited(home, *words, resource, megabytes):
    """Run the command where the system refuses more than so much of a resource."""
    code = (
        "import resource, signal, sys, runpy; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.{resource}, ({megabytes} << 20,) * 2);"
        "sys.argv[0] = 'rxsync'; runpy.run_module('rxsync', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, "--home", str(home), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_space(site):
    folder, home, server = site
    data = b"x" * (3 << 20)
    (folder / "big").write_bytes(data)
    (folder / "PULP_MANIFEST").write_text(GOOD + f"big,{sha256(data)},{len(data)}\n")
    done = limited(home, "sync", server.url, "--repository", "tools", resource="RLIMIT_FSIZE", megabytes=2)
    assert done.returncode == 7, done.stderr
    assert "file too large" in done.stderr.lower()
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a folder that refuses even root")
def test_no_permission(site):
    folder, home, server = site
    (folder / "b").write_bytes(b"two")
    (folder / "PULP_MANIFEST").write_text(GOOD + f"b,{sha256(b'two')},3\n")
    with read_only(home):
        code, line, _ = attempt(home, "sync", server.url, "--repository", "tools")
    assert code == 7, line
    assert "read-only" in line.lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a folder that refuses even root")
def test_a_home_that_nobody_can_write_to_can_be_read(site):
    _, home, _ = site
    for left in home.glob("rxsync.db-*"):
        left.unlink()
    with read_only(home):
        assert [version["number"] for version in rxsync(home, "version", "list", "tools")["versions"]] == [0, 1]


@contextmanager
def read_only(folder):
    """Let nobody write to a folder, root neither."""
    for step in (["--bind"], ["-o", "remount,ro,bind"]):
        done = subprocess.run(["mount", *step, folder, folder], check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
