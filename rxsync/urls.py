"""Say where without saying the secret.

Floor 0. Every URL that is shown, stored or raised went through ``without_credentials``.
"""

from __future__ import annotations

import re

# What follows the bar is no URL: somebody did not escape a "/" in a password, or forgot the scheme. It is
# refused, and the refusal is shown.
_USERINFO = re.compile(
    r"^([^/?#]*//|[A-Za-z][A-Za-z0-9+.-]*:/|)(?:[^/?#]*@|[^/?#@\[:]*:(?!\d*(?:[/?#]|$)).*@)", re.DOTALL
)


def without_credentials(url: str) -> str:
    """Drop the user and the password of a URL, and nothing else.

    >>> without_credentials("https://ada:lovelace@host:8443/a@b?c=d@e#f")
    'https://host:8443/a@b?c=d@e#f'
    """
    return _USERINFO.sub(r"\1", url) if "@" in url else url
