"""A file of settings, and what is read of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rxsync.config import Config, read_config
from rxsync.errors import UsageError


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("RXSYNC_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Config]:
    """Read a text as ``rxsync.toml``."""

    def call(text: str, *, named: bool = True) -> Config:
        path = tmp_path / "rxsync.toml"
        path.write_text(text)
        return read_config(path, named=named)

    return call


@pytest.fixture
def wrong(read: Callable[..., Config], tmp_path: Path) -> Callable[..., list[str]]:
    """What is told to be wrong with a text, without the folder the file is in."""

    def call(text: str, *, named: bool = True) -> list[str]:
        with pytest.raises(UsageError) as caught:
            read(text, named=named)
        told = [str(caught.value), *getattr(caught.value, "__notes__", ())]
        assert all(line.startswith(f"{tmp_path}/") for line in told)
        return [line.removeprefix(f"{tmp_path}/") for line in told]

    return call
