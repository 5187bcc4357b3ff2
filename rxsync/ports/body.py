"""Moved to ``rxsync.declare.body``."""

from rxsync.declare.body import Body, Validators

__all__ = ["Body", "Validators"]
