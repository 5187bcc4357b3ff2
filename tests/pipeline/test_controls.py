"""How much, how often and how fast a sync downloads can be set while it runs; parts share what the whole has."""

import asyncio
import threading

import pytest
from reactivex import Observer

import rxsync
from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import UsageError
from rxsync.pipeline.progress import Advanced
from rxsync.plugins.file import FileContent
from rxsync.testing.faults import Script, answer, fault_server

from .author import plugin

BODY = b"body" * 1000


@pytest.fixture
async def server():
    async with fault_server() as running:
        yield running


def held(hold):
    wire = answer(BODY).wire
    return Script(wire[:-50], hold=hold, rest=wire[-50:])
