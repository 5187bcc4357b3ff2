"""Ask for the rest of a file, and know it when it comes.

Floor 3, download. No I/O.
Follows: RFC 9110, 13.1.5, 14.2 and 14.4.
"""

from __future__ import annotations

import re

from rxsync.download.transport import Rest

PARTIAL, NOT_SATISFIABLE = 206, 416

_content_range = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})").fullmatch


def ask_for(rest: Rest | None) -> dict[str, str]:
    """Give the headers that ask for the rest, or for all where the file is another by now.

    >>> ask_for(Rest(500, 1000, '"v1"'))
    {'Range': 'bytes=500-', 'If-Range': '"v1"'}
    """
    return {} if rest is None else {"Range": f"bytes={rest.begins}-", "If-Range": rest.condition}


def is_rest(rest: Rest, content_range: str | None, etag: str | None) -> bool:
    """Whether what comes is the rest of the file: from the right byte to the last, and of no other.

    >>> is_rest(Rest(500, 1000, '"v1"'), "bytes 500-999/1000", '"v1"')
    True
    >>> is_rest(Rest(500, 1000, '"v1"'), "bytes 0-999/1000", '"v1"')
    False

    Args:
        rest: what was asked for.
        content_range: the header that came.
        etag: likewise; None if there is none.
    """
    said = _content_range((content_range or "").strip())
    if said is None:
        return False
    known_by_etag = rest.condition.startswith('"')
    same = not (known_by_etag and etag) or etag == rest.condition
    return same and tuple(map(int, said.groups())) == (rest.begins, rest.length - 1, rest.length)
