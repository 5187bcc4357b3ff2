"""A unit whose bytes did not come is worked on once more before it is given up."""

from gc import collect
from weakref import ref

import pytest

from rxsync.errors import DigestMismatchError, DownloadError, HttpStatusError
from rxsync.flow import from_async, run, stage
from rxsync.operators import download_artifacts
from rxsync.operators.learn_keys import learn_keys
from rxsync.operators.second_pass import SecondPass
from rxsync.plugin import DeclarativeArtifact
from rxsync.testing import SimulatedRemote, marbles
from tests.operators.conftest import body, sha256, unit


def busy(attempts=5):
    error = HttpStatusError("http://there/a", 503, "Service Unavailable")
    error.attempts = attempts
    return error


def fetching(m, first, later="-(x,|)"):
    """A fetch that fails at first where ``first`` says how, and is well at any other time; and what it was asked."""
    asked, left = [], dict(first)

    def fetch(request):
        name = request.urls[0].rpartition("/")[2]
        asked.append((m.now, name))
        if name in left:
            diagram, error = left.pop(name)
            return m.cold(diagram, error=error)
        return m.cold(later, x=body(name.encode()))

    return fetch, asked


def test_a_unit_that_fails_at_first_comes_when_all_others_have():
    a, b = unit("a"), unit("b")
    with marbles() as m:
        fetch, asked = fetching(m, {"a": ("-#", busy())}, later="-x|")
        line = download_artifacts(fetch, second_pass=True)
        m.expect(m.hot("-a-b---|", a=a, b=b).pipe(line), "-----b---(a,|)", a=a, b=b)
    assert asked == [(1, "a"), (3, "b"), (7, "a")]
    assert a.artifacts[0].body.data == b"a"


def test_the_first_failure_of_a_unit_does_not_keep_it():
    """Its traceback leads to whoever worked on the unit."""

    def work(unit):
        raise DownloadError("http://there/a", "connection refused", transient=True)

    second, one = SecondPass(None), unit("a")
    with pytest.raises(DownloadError) as failure:
        work(one)
    assert second.again(one, failure.value)
    gone = ref(one)
    del one, failure
    collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (busy(), 2),
        (DownloadError("http://there/a", "connection refused", transient=True), 2),
        (DigestMismatchError("http://there/a", "sha256", "0", "1"), 2),
        (HttpStatusError("http://there/a", 404, "Not Found"), 1),
        (DownloadError("http://there/a", "TLS certificate not accepted: unknown CA"), 1),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_only_what_may_pass_has_a_second_pass(error, times):
    skipped = []
    with marbles() as m:
        fetch = m.effect("-#", error=error)
        line = download_artifacts(fetch, second_pass=True, on_error=lambda unit, error: skipped.append(error))
        m.expect(m.hot("a-|", a=unit("a")).pipe(line), "")
    assert len(fetch.calls) == times
    assert skipped == [error]


def test_without_it_the_first_failure_is_final():
    with marbles() as m:
        fetch = m.effect("-#", error=busy())
        m.expect(m.hot("a-|", a=unit("a")).pipe(download_artifacts(fetch)), "-#", error=HttpStatusError)
    assert len(fetch.calls) == 1


def test_the_attempts_of_both_passes_are_told_also_where_units_share_the_failure():
    a, b, told = unit("a", b"same"), unit("b", b"same"), []
    errors = [busy(5), busy(3)]
    with marbles() as m:
        answers = [m.cold("-#", error=error) for error in errors]
        asked = []

        def fetch(request):
            asked.append((m.now, request.relative_path))
            return answers.pop(0)

        line = download_artifacts(
            fetch, second_pass=True, on_error=lambda unit, error: told.append((unit, error, error.attempts))
        )
        m.expect(m.hot("(a,b)|", a=a, b=b).pipe(line), "------|")
    assert asked == [(0, "a"), (5, "b")]  # each pass asks once for what they share
    assert sorted(told, key=lambda one: one[0].name) == [(a, errors[1], 8), (b, errors[1], 8)]
    assert errors[1].earlier is errors[0]


def test_the_run_that_fails_for_it_tells_the_attempts_of_both_passes_too():
    last = busy(3)
    with marbles() as m:
        answers = [m.cold("#", error=busy(5)), m.cold("#", error=last)]
        line = download_artifacts(lambda request: answers.pop(0), second_pass=True)
        m.expect(m.hot("a-|", a=unit("a")).pipe(line), "--#", error=last)
    assert last.attempts == 8


def test_units_that_share_bytes_share_the_second_flight_too():
    a, b = unit("a", b"same"), unit("b", b"same")
    with marbles() as m:
        fetch = m.effect("-#", "-(x,|)", x=body(b"same"), error=busy())
        line = download_artifacts(fetch, second_pass=True)
        m.expect(m.hot("(a,b)|", a=a, b=b).pipe(line), "------(a,b,|)", a=a, b=b)
    assert [time for time, _ in fetch.calls] == [0, 5]
    assert a.artifacts[0].body is b.artifacts[0].body is not None


def test_of_a_unit_with_several_files_only_what_is_missing_is_asked_for_again():
    a = unit("a", more=[DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})])
    with marbles() as m:
        fetch, asked = fetching(m, {"sig": ("---#", busy())})
        m.expect(m.hot("a-----|", a=a).pipe(download_artifacts(fetch, second_pass=True)), "-------(a,|)", a=a)
    assert asked == [(0, "a"), (0, "sig"), (6, "sig")]


def test_hosts_have_their_lanes_in_the_second_pass_too():
    units = {name: unit(name) for name in "abc"}
    with marbles() as m:
        fetch, asked = fetching(m, dict.fromkeys("abc", ("#", busy())))
        line = download_artifacts(fetch, per_host=2, second_pass=True)
        m.expect(m.hot("(a,b,c)|", **units).pipe(line), "")
    assert asked == [(0, "a"), (0, "b"), (0, "c"), (7, "a"), (7, "b"), (8, "c")]


def test_keys_are_learnt_in_a_second_pass_too():
    from rxsync.plugin import DeclarativeContent
    from tests.pipeline.author import Learner

    a = DeclarativeContent(Learner(name="a"), [DeclarativeArtifact("http://there/a", "a")])
    with marbles() as m:
        fetch, asked = fetching(m, {"a": ("-#", busy())})
        m.expect(m.hot("a---|", a=a).pipe(learn_keys(fetch, second_pass=True)), "-----(a,|)", a=a)
    assert a.content.sha256 == sha256(b"a")
    assert [time for time, _ in asked] == [0, 4]
    with marbles() as m:
        fetch = m.effect("#", error=busy())
        b = DeclarativeContent(Learner(name="b"), [DeclarativeArtifact("http://there/b", "b")])
        m.expect(m.hot("b---|", b=b).pipe(learn_keys(fetch)), "#", error=HttpStatusError)


async def test_the_same_over_asyncio_with_a_unit_that_is_awaited(nothing_left):
    remote, landed = SimulatedRemote({"a": b"a", "b": b"b"}, retries=2), []
    remote.fail("a", times=3)

    async def source():
        a = unit("a")
        yield a
        await a.resolution()
        yield unit("b")

    def resolve(unit):
        unit.resolve()
        return [unit]

    await run(
        from_async(source).pipe(download_artifacts(remote.fetch, second_pass=True), stage(resolve)), landed.append
    )
    assert [unit.name for unit in landed] == ["a", "b"]
    assert remote.count("a") == 4
