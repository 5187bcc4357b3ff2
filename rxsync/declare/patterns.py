r"""How people name paths: by globs, as rsync and gitignore know them, or by regular expressions.

Floor 1, values.

>>> is_iso, is_pool = path_pattern("*.iso"), path_pattern("pool/**/*.deb")
>>> is_iso("old/a.iso"), is_pool("pool/a.deb"), is_pool("pool/n/nginx/b.deb"), is_pool("b.deb")
(True, True, True, False)
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

from rxsync.errors import UsageError

REGEX = "re:"
"""What a regular expression begins with."""

_TOKEN = re.compile(
    r"\\(?P<literal>.)|\[(?P<set>[!^]?+(?:\\.|[^\\])(?:\\.|[^]\\])*)\]|(?P<deep>\*\*/?)|(?P<one>.)", re.DOTALL
)
_RANGE = re.compile(r"(?P<low>\\.|.)(?:-(?P<high>\\.|.))?", re.DOTALL)


def path_pattern(text: str) -> Callable[[str], bool]:
    r"""Give what tells whether a relative path is meant by a pattern.

    Args:
        text: a glob. Without ``/`` it is for the file's name, else for the whole path from its beginning; a ``/`` at
            its end is for all that is below a folder. ``*``, ``?`` and ``[a-z]``, ``[!a-z]`` do not cross ``/``, ``**``
            does, and ``**/`` is any number of folders, none as well; ``\`` takes the sense out of what follows. Or
            ``re:`` and a regular expression, which is searched for anywhere in the path. Case matters.

    Raises:
        UsageError: it is malformed, or can match no path; names the pattern, and what is wrong.
    """
    if text.startswith(REGEX):
        search = _compiled(text, text.removeprefix(REGEX)).search
        return lambda path: search(path) is not None
    whole = text.removeprefix("/") + ("**" if text.endswith("/") else "")
    if not set(whole.split("/")).isdisjoint(("", ".", "..")):
        raise _malformed(text, 'a path has no empty segment, no "." and no ".."')
    match = _compiled(text, _translated(text, whole)).fullmatch
    if "/" in text:
        return lambda path: match(path) is not None
    return lambda path: match(path.rpartition("/")[2]) is not None


def _translated(text: str, glob: str) -> str:
    """Make a regular expression of a glob."""
    pieces: list[str] = []
    for token in _TOKEN.finditer(glob):
        begins = token.start() == 0 or glob[token.start() - 1] == "/"
        pieces.append(_piece(text, token, begins))
    return "".join(pieces)


def _piece(text: str, token: re.Match[str], begins: bool) -> str:
    one = token["one"]
    if token["literal"] is not None:
        return re.escape(token["literal"])
    if token["set"] is not None:
        return _set(token["set"])
    if token["deep"] is not None:
        if token["deep"] == "**":
            return ".*"
        return "(?:.*/)?" if begins else ".*/"
    if one == "[":
        raise _malformed(text, "the [ has no ]")
    if one == "\\":
        raise _malformed(text, "nothing follows the \\")
    return {"*": "[^/]*", "?": "[^/]"}.get(one, re.escape(one))


def _set(inside: str) -> str:
    negated = inside[:1] in ("!", "^")
    ranges = (
        "-".join(re.escape(end[-1]) for end in found.groups() if end) for found in _RANGE.finditer(inside[negated:])
    )
    return f"(?!/)[{'^' if negated else ''}{''.join(ranges)}]"


def _compiled(text: str, expression: str) -> re.Pattern[str]:
    if not expression:
        raise _malformed(text, "nothing is in it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "[[" may mean another set one day; it is no mistake now
            return re.compile(expression, re.DOTALL)
    except (re.error, RecursionError, OverflowError) as error:
        raise _malformed(text, str(error)) from error


def _malformed(text: str, why: str) -> UsageError:
    return UsageError(f"pattern {text!r}: {why}")
