"""The one rule for paths inside a repository.

Floor 1, values. A path that passes can be joined to any folder and stays below it, and is its own normal
form.
"""

from __future__ import annotations

import re

from rxsync.errors import DeclarationError

LONGEST_PATH = 4096
LONGEST_SEGMENT = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_relative_path(path: str) -> str:
    r"""Give ``path`` back if it can be the place of a file in a repository: POSIX, relative, in normal form.

    >>> check_relative_path("pool/a b%20ü.iso")
    'pool/a b%20ü.iso'

    Args:
        path: segments with ``/`` between. At most 4096 bytes of UTF-8, a segment at most 255. No segment is
            empty, ``.`` or ``..``; there is no backslash and no control character (below 0x20, 0x7f).

    Raises:
        DeclarationError: it cannot; names the rule that it breaks.
    """
    # All but a few paths of a million are settled here, by a handful of searches that run in C.
    if (
        len(path) <= LONGEST_SEGMENT
        and path.isascii()
        and path.isprintable()
        and path[:1] not in ("", "/", ".")
        and path[-1] != "/"
        and "//" not in path
        and "/." not in path
        and "\\" not in path
    ):
        return path
    if expected := _broken_rule(path):
        raise DeclarationError("relative_path", path, expected)
    return path


def _broken_rule(path: str) -> str | None:
    if not path:
        return "at least one character"
    if _CONTROL.search(path):
        return "no control character"
    if "\\" in path:
        return "/ between segments and no backslash"
    try:
        whole = path.encode()
    except UnicodeEncodeError:
        return "text that can be written as UTF-8"
    if len(whole) > LONGEST_PATH:
        return f"at most {LONGEST_PATH} bytes of UTF-8"
    return _broken_rule_of_segments(whole.split(b"/"))


def _broken_rule_of_segments(segments: list[bytes]) -> str | None:
    if not segments[0]:
        return "a relative path"
    if b"" in segments:
        return "no empty segment"
    if b"." in segments or b".." in segments:
        return 'no "." or ".." segment'
    if max(map(len, segments)) > LONGEST_SEGMENT:
        return f"segments of at most {LONGEST_SEGMENT} bytes of UTF-8"
    return None
