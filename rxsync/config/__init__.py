"""Repositories in a file, ``rxsync.toml``: read, shown, and synced with one call.

Floor 4, config. Above the pipeline, which knows nothing of files of settings.
"""

from rxsync.config.reading import FILE, read_config
from rxsync.config.syncing import plan_one, sync_all, sync_one
from rxsync.config.values import Config, Effective, Setting

__all__ = ["FILE", "Config", "Effective", "Setting", "plan_one", "read_config", "sync_all", "sync_one"]
