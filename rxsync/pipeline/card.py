"""A card for a notebook: a headline, a bar of parts, facts, and a list of what went wrong.

Floor 4, pipeline. Knows nothing of runs. Everything is escaped; colours stand on light and on dark, whatever the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from rxsync.wording import safe

MUTED = "opacity:.68"
CELL = "text-align:left;padding:1px 14px 1px 0;border:0;background:none;vertical-align:top"

COLOURS = {"good": "#2e9e6b", "plain": "#4c8dd6", "calm": "#8a93a3", "odd": "#e08a1e", "bad": "#d64545"}
"""By how a thing went."""


def card(
    headline: str,
    tone: str,
    *,
    parts: Sequence[tuple[str, int, str]] = (),
    facts: Mapping[str, str],
    problems: Iterable[tuple[str, str, str]] = (),
) -> str:
    """Give the HTML of a card.

    Args:
        headline: one line.
        tone: how it went, a key of ``COLOURS``.
        parts: what a whole is made of: words, how many, and a key of ``COLOURS``; none of nothing is shown.
        facts: lines below, by what they are called.
        problems: kind, what it happened to, and what happened.
    """
    inside = [
        f'<div style="font-weight:600">{_words(headline)}</div>',
        *_bar([part for part in parts if part[1]]),
        _table(((f'<span style="{MUTED}">{_words(name)}</span>', _words(fact)) for name, fact in facts.items())),
    ]
    rows = [(f"<code>{_words(kind)}</code>", _words(what), _words(why)) for kind, what, why in problems]
    if rows:
        inside.append(_table(rows))
    return (
        f'<div style="border-left:4px solid {COLOURS[tone]};padding:6px 0 6px 14px;line-height:1.55;max-width:46em">'
        f"{''.join(inside)}</div>"
    )


def _bar(parts: Sequence[tuple[str, int, str]]) -> Iterator[str]:
    if not parts:
        return
    strips = (
        f'<span style="flex:{number} 0 3px;background:{COLOURS[tone]}" title="{number:,} {_words(words)}"></span>'
        for words, number, tone in parts
    )
    yield '<div style="display:flex;gap:2px;height:8px;margin:6px 0 4px;border-radius:4px;overflow:hidden">'
    yield from strips
    yield '</div><div style="display:flex;flex-wrap:wrap;gap:0 16px;margin-bottom:4px">'
    for words, number, tone in parts:
        yield f'<span><span style="color:{COLOURS[tone]}">●</span> {number:,} {_words(words)}</span>'
    yield "</div>"


def _table(rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<table style="border:0;border-collapse:collapse;font:inherit;margin:2px 0">{body}</table>'


def _cell(content: str) -> str:
    return f'<td style="{CELL}">{content}</td>'


def _words(text: str) -> str:
    return escape(safe(text))
