"""A line and a report show themselves, on any page, and nothing in them is obeyed."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from rxsync.failure import Failure
from rxsync.pipeline.picture import Box, mermaid, svg, text
from rxsync.pipeline.recipe import Recipe, Step
from rxsync.pipeline.report import Problem, Report

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"]<b>&amp;\x1b[2J\n#'end"

LINE = [[Box("look"), Box("see", gives=("known",))], [Box("mine", own=True, tapped=True)], [Box("find")]]


def drawn(line, kind):
    return [element for element in ET.fromstring(svg(line)).iter() if element.get("class") == kind]


def words(line, kind="name"):
    return ["".join(element.itertext()) for element in drawn(line, kind)]


def test_text_numbers_the_steps_and_brackets_what_runs_as_one():
    assert text(LINE) == "1  look  ┐\n2  see   ┘ one transaction\n3  mine  tapped\n4  find"


def test_ten_steps_and_more_stay_in_their_columns():
    rows = text([[Box("x")] for _ in range(10)]).splitlines()
    assert {row.index("x") for row in rows} == {4}


def test_svg_has_each_step_in_order_a_frame_round_each_transaction_and_a_mark_for_the_authors_own():
    assert words(LINE) == ["look", "see", "mine", "find"]
    assert len(drawn(LINE, "together")) == len(drawn(LINE, "step own")) == len(drawn(LINE, "tap")) == 1
    assert words(LINE, "remark") == ["one transaction", "gives known", "tapped"]


def test_the_frame_holds_its_own_steps_and_no_other():
    (frame,) = drawn(LINE, "together")
    top, bottom = float(frame.get("y")), float(frame.get("y")) + float(frame.get("height"))
    inside = [e.text for e in drawn(LINE, "name") if top < float(e.get("y")) < bottom]
    assert inside == ["look", "see"]


def test_a_tap_stands_between_its_step_and_the_next_and_touches_no_frame():
    line = [[Box("a"), Box("b", tapped=True)], [Box("c"), Box("d")]]
    (tap,) = drawn(line, "tap")
    at = float(tap.get("d").partition(" ")[2].partition("H")[0])
    one, other = drawn(line, "together")
    assert float(one.get("y")) + float(one.get("height")) + 8 < at < float(other.get("y")) - 8


def test_everything_drawn_lies_on_the_sheet_however_long_a_name_is():
    line = [[Box("n" * 80, gives=("f" * 60,)), Box("b")]]
    sheet = ET.fromstring(svg(line))
    name, (frame,) = drawn(line, "name")[0], drawn(line, "together")
    assert float(name.get("x")) + 80 * 7.8 < float(drawn(line, "remark")[1].get("x"))
    assert float(frame.get("x")) + float(frame.get("width")) <= float(sheet.get("width"))


def test_a_name_is_shown_in_every_drawing_and_obeyed_in_none():
    line = [[Box(HOSTILE, own=True, gives=(HOSTILE,))]]
    shown = "\"]<b>&amp;\\x1b[2J\\n#'end"
    assert words(line) == [shown]
    assert text(line) == f"1  {shown}"
    (label,) = [row for row in mermaid(line).splitlines() if "s1" in row]
    assert label == '    s1["#34;#93;#60;b#62;#38;amp#59;#92;x1b#91;2J#92;n#35;#39;end"]:::own'


def test_an_empty_line_can_be_drawn():
    assert (text([]), mermaid([])) == ("", "flowchart TD")
    assert words([]) == []


def test_a_recipe_shows_itself_in_a_notebook_and_in_a_terminal():
    recipe = Recipe([Step("a", lambda source: source)])
    assert recipe._repr_mimebundle_(include=None, exclude=None) == {
        "text/plain": str(recipe),
        "text/html": recipe.svg(),
    }
    assert "s1" in recipe.mermaid()


class Page(HTMLParser):
    """Which tags there are, and what is read."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.words.append(data)


def page(report):
    return Page(report._repr_mimebundle_()["text/html"])


def test_a_report_shows_its_outcome_and_its_balance():
    report = Report("0" * 32, "tools", 42, 41, True, declared=1220, new=1204, known=16, added=1204, removed=3)
    shown = page(report)
    assert shown.words[0] == "tools: version 42, 1,204 units added, 3 removed"
    assert [word.strip() for word in shown.words if word.startswith(" ")] == ["1,204 new", "16 known"]
    assert str(report).splitlines()[1] == "  declared    1,220 units: 1,204 new, 16 known"


def test_a_report_of_a_failure_says_what_happened_and_what_stays():
    report = Report("0" * 32, "tools", None, 41, error=Failure("HttpStatusError", "https://h/a: HTTP 404", None, False))
    assert str(report).splitlines()[0] == "tools: failed, version 41 stays"
    assert "  error       HttpStatusError: https://h/a: HTTP 404" in str(report).splitlines()


def test_what_a_source_says_in_a_report_is_shown_and_never_obeyed():
    problem = Problem(HOSTILE, None, HOSTILE, "dropped", None, 0)
    report = Report("0" * 32, "tools", 1, 0, True, dropped=1, problems=[problem])
    shown = page(report)
    assert shown.tags == {"div", "span", "table", "tr", "td", "code"}
    assert shown.words.count("\"]<b>&amp;\\x1b[2J\\n#'end") == 2
    assert "\x1b" not in str(report)


def test_a_report_shows_some_problems_and_says_how_many_more_there_are():
    report = Report(
        "0" * 32, "t", 1, 0, True, problems=[Problem(f"p{n}", None, "gone", "dropped", None, 0) for n in range(12)]
    )
    assert str(report).splitlines()[-2:] == ["  dropped     p9: gone", "  and 2 more"]
    assert "and 2 more" in page(report).words
