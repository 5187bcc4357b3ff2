"""URLs that carry their own signature: used as they are, and kept nowhere."""

import json
from contextlib import closing
from sqlite3 import connect

import pytest

import rxsync
from rxsync.errors import RxSyncError, UsageError
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent
from rxsync.testing.faults import answer, fault_server

from .author import Part, given

A = {"sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}  # of b"a"
SIGNATURE = "X-Amz-Date=1&X-Amz-Signature=s3cr3t"


@pytest.fixture
async def server():
    async with fault_server() as server:
        yield server


def signed(server, *more, name="a", **facts):
    urls = [f"{server.origin}/{name}?version=3&{SIGNATURE}", *more]
    return lambda run: DeclarativeContent(Part(name=name), [DeclarativeArtifact(urls, name, **facts)])


def everything(home):
    """Every value in the database, and every byte of its file and of its log."""
    with closing(connect(home.path / "rxsync.db")) as database:
        dump = "\n".join(database.iterdump())
    return dump.encode() + b"".join(one.read_bytes() for one in home.path.glob("rxsync.db*"))


async def test_a_signed_url_is_asked_for_whole_and_saved_without_its_signature(server, source, home, sync):
    server.serve(f"/a?version=3&{SIGNATURE}", answer(b"a", ETag='"1"'))
    for number in (1, 2):
        report = await sync(given(signed(server)), full=True)
        assert (report.version, report.new) == (1, 2 - number)
    [(url,)] = await home.read(lambda tx: tx.connection.execute("SELECT url FROM remote_artifact").fetchall())
    assert url == f"{server.origin}/a?version=3"
    assert b"s3cr3t" not in everything(home)


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
async def test_a_signed_url_that_fails_is_told_without_its_signature(server, source, home, on_error):
    server.serve(f"/a?version=3&{SIGNATURE}", answer(b"wrong"))
    events = []
    try:
        report = await rxsync.sync(
            str(source), home.repository("r"), plugin=given(signed(server, digests=A), signed(server, name="b")),
            on_error=on_error, retries=0,
        )  # fmt: skip
    except RxSyncError as error:
        report = error.report
        events.append(f"{error!r} {error} {error.__notes__ if hasattr(error, '__notes__') else ''}")
    told = "".join(events) + json.dumps(report.as_dict()) + repr(report)
    assert "?version=3" in told
    assert "s3cr3t" not in told
    kept = [path.read_text() for path in home.path.rglob("*.json")]
    assert len(kept) == int(on_error == "quarantine")
    assert "s3cr3t" not in "".join(kept)
    assert b"s3cr3t" not in everything(home)


@pytest.mark.parametrize("act", [rxsync.sync, rxsync.plan])
@pytest.mark.parametrize("facts", [{}, {"deferred": True}])
async def test_a_file_that_has_none_but_signed_urls_is_not_left_for_later(server, source, home, act, facts):
    plugin, policy = given(signed(server, **facts)), "immediate" if facts else "on_demand"
    with pytest.raises(UsageError, match="^a: cannot be left for later: each of its URLs is signed") as caught:
        await act(str(source), home.repository("r"), plugin=plugin, policy=policy, on_error="skip")
    assert "s3cr3t" not in str(caught.value)
    assert server.seen == []


async def test_a_file_with_another_url_or_with_its_bytes_here_may_be_left_for_later(server, source, home, sync):
    server.serve(f"/a?version=3&{SIGNATURE}", answer(b"a"))
    await sync(given(signed(server, f"{server.origin}/b")), policy="on_demand")
    assert server.seen == []
    plugin = given(signed(server, digests=A))
    await sync(plugin)
    assert (await sync(plugin, policy="on_demand", full=True)).exit_code == 0
