import pytest
from reactivex import Observable
from reactivex import operators as ops

from rxsync.flow import buffer, from_iterable, stage
from rxsync.testing import marbles


def test_one_character_is_one_second_by_its_index():
    with marbles() as m:
        seen = []
        m.expect(m.hot("-a--b|").pipe(ops.do_action(lambda x: seen.append((m.now, x)))), "-a--b|")
    assert seen == [(1, "a"), (4, "b")]


def test_a_group_happens_at_its_bracket():
    with marbles() as m:
        m.expect(m.hot("-(a,b)---|").pipe(ops.map(str.upper)), "-(A,B)---|")
        m.expect(from_iterable("ab"), "(a,b,|)")


def test_a_cold_stream_begins_at_subscription():
    with marbles() as m:
        m.expect(m.hot("--a---|").pipe(ops.flat_map(lambda _: m.cold("-b|"))), "---b--|")


def test_letters_mean_what_the_keywords_say_also_lists():
    with marbles() as m:
        source = m.hot("-a-b--|", a=1, b=2)
        m.expect(source.pipe(ops.buffer_with_count(2)), "---x--|", x=[1, 2])


def test_an_effect_answers_every_call_with_the_diagram_and_remembers_the_calls():
    with marbles() as m:
        ask = m.effect("--k|", k=7)
        m.expect(m.hot("-a-b---|").pipe(stage(ask, concurrency=2)), "---x-x-|", x=7)
    assert ask.calls == [(1, ("a",)), (3, ("b",))]


def test_an_effect_takes_as_long_as_its_diagrams_say_in_turn_and_then_as_the_last_one():
    with marbles() as m:
        fetch = m.effect("---x|", "-y|", "x|", x=1, y=2)
        m.expect(m.hot("a---b---c---d---|").pipe(stage(fetch, concurrency=4)), "---x-y--x---x---|", x=1, y=2)
    assert [time for time, _ in fetch.calls] == [0, 4, 8, 12]


def test_a_value_that_is_in_none_of_the_diagrams_of_an_effect_is_refused():
    with marbles() as m, pytest.raises(ValueError, match="z: in none of the diagrams '-x|', 'y|'"):
        m.effect("-x|", "y|", x=1, z=2)


def test_brackets_are_one_item_that_is_a_list():
    with marbles() as m:
        source = m.hot("-a-b----|", a=1, b=2)
        m.expect(source.pipe(buffer(2, linger=None)), "---[a,b]|", a=1, b=2)
        m.expect(m.hot("-[a,b]--([],[a],|)", a=1).pipe(ops.map(len)), "-x------(y,z,|)", x=2, y=0, z=1)


def test_an_exclamation_mark_leaves_the_stream_after_what_comes_in_that_second():
    with marbles() as m:
        m.expect(m.hot("-a-b-c|"), "-a-(b,!)")
        m.expect(m.hot("-a-b-c|"), "-a-b!")
        m.expect(m.hot("-a-----").pipe(stage(m.effect("--x|"))), "---(x,!)")


def test_an_effect_remembers_who_left_its_answer_before_it_was_whole():
    with marbles() as m:
        slow, quick = m.effect("----x|"), m.effect("-x|")
        m.expect(m.hot("-a-------").pipe(stage(slow)), "---!")
        m.expect(m.hot("-a-------").pipe(stage(quick)), "--x-----!")
    assert slow.cancelled == [(3, ("a",))]
    assert quick.cancelled == []


def test_what_never_ends_is_not_taken_for_cancelled_when_the_test_is_over():
    with marbles() as m:
        never = m.effect("-")
        m.expect(m.hot("-a-").pipe(stage(never)), "------")
    assert never.cancelled == []


def test_a_stream_that_ended_was_not_left():
    with (
        pytest.raises(AssertionError, match=r"expected ! \(to be left\) at 5 s, came the end at 3 s") as caught,
        marbles() as m,
    ):
        m.expect(m.hot("-a-|"), "-a---!")
    assert "actual    -a-|    ends at 3 s" in str(caught.value)


@pytest.mark.parametrize("make", ["hot", "cold", "effect"])
def test_a_stream_does_not_know_who_leaves_it(make):
    with marbles() as m, pytest.raises(ValueError, match="! stands in what is expected"):
        getattr(m, make)("-a-!")


@pytest.mark.parametrize("error", [ValueError, Exception, boom := ValueError("boom")])
def test_an_error_is_matched_by_type_or_as_itself(error):
    with marbles() as m:
        m.expect(m.hot("-a-#", error=boom), "-a-#", error=error)


def test_another_error_than_expected_differs():
    with pytest.raises(AssertionError), marbles() as m:
        m.expect(m.hot("-#", error=ValueError()), "-#", error=KeyError)


@pytest.mark.parametrize("drawn", ["-a-|", "-b|", "-a", "--a|", "-a#", "(a)a|", "-(a,a)|"])
def test_any_difference_is_found(drawn):
    with pytest.raises(AssertionError), marbles() as m:
        m.expect(m.hot("-a|") if drawn != "-a" else m.hot("-b|"), drawn)


def test_a_diagram_without_an_end_is_looked_at_as_far_as_it_goes():
    with marbles() as m:
        m.expect(m.hot("-a-b-c|"), "-a-b-")
    with pytest.raises(AssertionError), marbles() as m:
        m.expect(m.hot("-a-b-c|"), "-a--")


@pytest.mark.parametrize("diagram", ["-a b|", "-(a,b|", "-a)|"])
def test_what_is_no_diagram_is_refused(diagram):
    with pytest.raises(ValueError, match="is no mark"), marbles() as m:
        m.hot(diagram)


def test_a_value_that_is_not_in_the_diagram_is_refused():
    with pytest.raises(ValueError, match="c: not in the diagram"), marbles() as m:
        m.hot("-a|", c=1)


def test_an_error_in_the_block_is_not_hidden_by_a_comparison():
    def block():
        with marbles() as m:
            m.expect(m.hot("-a|"), "-b|")
            raise KeyError

    with pytest.raises(KeyError):
        block()


def test_an_error_that_no_stream_could_pass_on_is_raised():
    def bad(_):
        raise KeyError("lost")

    def in_a_timer(observer, scheduler=None):
        return scheduler.schedule_relative(1, lambda *_: bad(0))

    with pytest.raises(KeyError, match="lost"), marbles() as m:
        m.expect(Observable(in_a_timer), "---")


def test_more_actions_at_one_time_than_the_clock_would_spin_stay_at_their_time():
    with marbles() as m:
        m.expect(from_iterable(range(2000)).pipe(ops.count()), "(n,|)", n=2000)


def test_the_flow_can_be_asked_when_all_is_over():
    with marbles(window=5) as m:
        m.expect(
            from_iterable(range(50)).pipe(stage(m.effect("-k|"), concurrency=3), ops.count()),
            "-" * 34 + "(n,|)",
            n=50,
        )
    assert m.flow.held == 0
    assert 0 < m.flow.peak <= 5
