"""A line drawn: as text, as Mermaid and as SVG.

Floor 4, pipeline. Knows boxes and what holds them together; the recipe says which. Whatever a name holds is shown,
never obeyed: each drawing escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, chain, pairwise

from rxsync.wording import safe

TOGETHER = "one transaction"
TAPPED = "tapped"


@dataclass(frozen=True, slots=True)
class Box:
    """One step, as it is drawn.

    Attributes:
        name: of the step.
        own: True for an author's step.
        gives: facts that are known of a unit once it has passed.
        tapped: True where somebody looks at what leaves it.
    """

    name: str
    own: bool = False
    gives: tuple[str, ...] = ()
    tapped: bool = False


Line = Sequence[Sequence[Box]]
"""Boxes in order; those that run as one are together."""


def text(line: Line) -> str:
    """Draw a line for a terminal: a bracket holds together what runs as one.

    >>> print(text([[Box("look"), Box("see")], [Box("mine", own=True, tapped=True)]]))
    1  look  ┐
    2  see   ┘ one transaction
    3  mine  tapped
    """
    rows = [(safe(box.name), _remark(group, at)) for group in line for at, box in enumerate(group)]
    width = max((len(name) for name, _ in rows), default=0)
    numbers = len(str(len(rows)))
    lines = (f"{number:<{numbers}}  {name:{width}}{remark}" for number, (name, remark) in enumerate(rows, 1))
    return "\n".join(line.rstrip() for line in lines)


def _remark(group: Sequence[Box], at: int) -> str:
    last = len(group) - 1
    bracket = "" if not last else "  ┐" if at == 0 else f"  ┘ {TOGETHER}" if at == last else "  │"
    tapped = "" if not group[at].tapped else f"  {TAPPED}"
    return bracket + tapped


def mermaid(line: Line) -> str:
    """Draw a line as a Mermaid flowchart; an author's steps have thick borders.

    >>> print(mermaid([[Box("look"), Box("see")], [Box("mine", own=True)]]))
    flowchart TD
        subgraph t1["one transaction"]
            s1["look"]
            s2["see"]
        end
        s3["mine"]:::own
        s1 --> s2 --> s3
        classDef own stroke-width:3px
    """
    rows = ["flowchart TD"]
    number = 0
    for at, group in enumerate(line, 1):
        together = len(group) > 1
        rows += [f'    subgraph t{at}["{TOGETHER}"]'] if together else []
        for box in group:
            number += 1
            remark = f" ({TAPPED})" if box.tapped else ""
            own = ":::own" if box.own else ""
            rows.append(f'{"    " * (1 + together)}s{number}["{_entities(box.name)}{remark}"]{own}')
        rows += ["    end"] if together else []
    if number > 1:
        rows.append("    " + " --> ".join(f"s{at}" for at in range(1, number + 1)))
    if any(box.own for box in chain(*line)):
        rows.append("    classDef own stroke-width:3px")
    return "\n".join(rows)


def _entities(name: str) -> str:
    """Spell what Mermaid would read as its own, or as HTML, by the number of the character."""
    return "".join(c if c.isalnum() or c in "_ -.," else f"#{ord(c)};" for c in safe(name))


ROW, TAP = 36, 22
"""Height of a row, and of what a tap adds to it, in pixels."""

NAME, REMARK = 7.9, 6.3
"""Width of a character in a name and in a remark, in pixels."""

RAIL, INDENT, GAP = 30, 50, 22
"""Where the rail is, where names begin, and what stands between two columns, in pixels."""

STYLE = """
svg:root { color: #1f2430; background: #fff }
@media (prefers-color-scheme: dark) { svg:root { color: #e4e7ee; background: #14171d } }
.rxsync-line text { fill: currentColor; dominant-baseline: central }
.rxsync-line .name { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.rxsync-line .remark { font: 11.5px system-ui, sans-serif; opacity: .62 }
.rxsync-line .rail { stroke: currentColor; stroke-opacity: .45; stroke-width: 2; fill: none }
.rxsync-line .head { fill: currentColor; fill-opacity: .45 }
.rxsync-line .step { stroke: #4c8dd6; stroke-width: 2.5; fill: #4c8dd6; fill-opacity: .18 }
.rxsync-line .own { stroke: #e08a1e; fill: #e08a1e; fill-opacity: 1 }
.rxsync-line .together { stroke: #4c8dd6; stroke-opacity: .5; fill: #4c8dd6; fill-opacity: .09 }
.rxsync-line .tap { stroke: #e08a1e; stroke-width: 2; stroke-dasharray: 3 3; fill: none }
"""
"""Colours that stand on light and on dark: in a page its text colour, alone the reader's scheme."""


def svg(line: Line) -> str:
    """Draw a line as SVG, from top to bottom: the same in a page and as a file, on light and on dark."""
    boxes = [*chain(*line)]
    names = INDENT + NAME * max((len(safe(box.name)) for box in boxes), default=0)
    facts = names + GAP
    remarks = facts + REMARK * max((len(_gives(box)) for box in boxes), default=0) + GAP
    width = remarks + REMARK * len(TOGETHER) + GAP
    rows = [*accumulate((ROW + (TAP if box.tapped else 0) for box in boxes), initial=ROW)]
    height = rows.pop()
    body = [*_frames(line, rows, width, remarks), *_rail(rows, height), *_steps(boxes, rows, facts)]
    label = escape(", ".join(safe(box.name) for box in boxes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rxsync-line" role="img" aria-label="{label}" '
        f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}">'
        f"<style>{STYLE}</style>{''.join(body)}</svg>"
    )


def _frames(line: Line, rows: Sequence[int], width: float, remarks: float) -> Iterator[str]:
    at = 0
    for group in line:
        if len(group) > 1:
            top, bottom = rows[at] - ROW // 2 + 3, rows[at + len(group) - 1] + ROW // 2 - 3
            yield (
                f'<rect class="together" x="8" y="{top}" width="{width - 16:.0f}" height="{bottom - top}" rx="9"/>'
                f"{_remark_at(remarks, (top + bottom) // 2, TOGETHER)}"
            )
        at += len(group)


def _rail(rows: Sequence[int], height: int) -> Iterator[str]:
    for at, (above, below) in enumerate(pairwise([0, *rows, height])):
        yield f'<path class="rail" d="M{RAIL} {above + (8 if at else 2)}V{below - 8}"/>'
    yield f'<path class="head" d="M{RAIL - 5} {height - 10}h10l-5 9z"/>'


def _steps(boxes: Sequence[Box], rows: Sequence[int], facts: float) -> Iterator[str]:
    for box, y in zip(boxes, rows, strict=True):
        kind = "step own" if box.own else "step"
        yield f'<circle class="{kind}" cx="{RAIL}" cy="{y}" r="6"/>'
        yield f'<text class="name" x="{INDENT}" y="{y}">{escape(safe(box.name))}</text>'
        if box.gives:
            yield _remark_at(facts, y, _gives(box))
        if box.tapped:
            below = y + (ROW + TAP) // 2
            yield f'<path class="tap" d="M{RAIL} {below}H{facts - GAP / 2:.0f}"/>'
            yield _remark_at(facts, below, TAPPED)


def _gives(box: Box) -> str:
    return f"gives {safe(', '.join(box.gives))}" if box.gives else ""


def _remark_at(x: float, y: int, words: str) -> str:
    return f'<text class="remark" x="{x:.0f}" y="{y}">{escape(words)}</text>'
