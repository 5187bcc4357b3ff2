"""A plugin's options: text on the command line, a dataclass in code.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from rxsync.errors import UsageError

T = TypeVar("T")

_MANY = (tuple, list, set, frozenset)
"""Types of many values of one kind."""

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Texts(tuple[str, ...]):
    """Several texts for an option that takes many, where each may have commas in it."""


class Option(NamedTuple):
    """One option, as it is shown.

    Attributes:
        name: its key.
        type: what it takes, in words.
        default: as text.
        help: what it is for; empty if nobody said.
    """

    name: str
    type: str
    default: str
    help: str


def describe(kind: type[Any]) -> list[Option]:
    """Tell the options of a plugin's dataclass, in its order."""
    hints = get_type_hints(kind)
    return [
        Option(field.name, _shown(hints[field.name]), _default(field), str(field.metadata.get("help", "")))
        for field in fields(kind)
    ]


def parse(kind: type[T], said: Mapping[str, object], plugin: str) -> T:
    """Make a plugin's options of what was said, as text or as values.

    Args:
        kind: its dataclass.
        said: key to text, to ``Texts``, or to the value itself.
        plugin: its name, for errors.

    Raises:
        UsageError: an unknown key (names the nearest), a value that cannot be, or one that the class refuses.
    """
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass, which no bound can say
    values: dict[str, object] = {}
    for key, value in said.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
            raise UsageError(f"plugin {plugin!r} has no option {key!r}; {hint}")
        try:
            values[key] = _value(hints[key], value) if isinstance(value, str | Texts) else value
        except (ValueError, TypeError, ArithmeticError):
            raise UsageError(f"option {key}={value}: expected {_shown(hints[key])}") from None
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise UsageError(f"options of plugin {plugin!r}: {error}") from error


def as_text(value: object) -> str | Texts:
    """Make of an option's value, or of its text, what ``parse`` makes that value of.

    >>> as_text(("a, b", 2)), as_text(None), as_text(True)
    (('a, b', '2'), '', 'True')
    """
    if isinstance(value, _MANY):
        return Texts(map(str, value))
    return "" if value is None else str(value)


def _value(hint: Any, text: str | Texts) -> object:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if text == "" and NoneType in inner else _first_that_fits(inner, text)
    if origin in _MANY:
        parts = text if isinstance(text, Texts) else [part.strip() for part in text.split(",") if part.strip()]
        return origin(_value(inner[0], part) for part in parts)
    if isinstance(text, Texts):
        raise TypeError(text)
    if origin is Literal:
        return _among(inner, text)
    if hint is bool:
        if text.lower() not in _WORDS:
            raise ValueError(text)
        return _WORDS[text.lower()]
    return hint(text)


def _first_that_fits(hints: tuple[Any, ...], text: str | Texts) -> object:
    for hint in hints:
        if hint is not NoneType:
            with suppress(ValueError, TypeError, ArithmeticError):
                return _value(hint, text)
    raise ValueError(text)


def _among(allowed: tuple[object, ...], text: str) -> object:
    for one in allowed:
        if str(one) == text:
            return one
    raise ValueError(text)


def _shown(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join("nothing" if one is NoneType else _shown(one) for one in inner)
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in _MANY:
        return f"{_shown(inner[0])}s with commas between"
    return {bool: "true or false", int: "whole number", float: "number", str: "text"}.get(hint, str(hint))


def _default(field: Field[Any]) -> str:
    default = field.default
    if default is MISSING:
        default = None if field.default_factory is MISSING else field.default_factory()
    if isinstance(default, _MANY):
        return ",".join(map(str, default))
    return "" if default is None else str(default)
