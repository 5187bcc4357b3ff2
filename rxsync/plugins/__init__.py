"""The plugins that come with rxsync.

Floor 5. They import ``rxsync.plugin`` and nothing beside it that another author could not.
"""
