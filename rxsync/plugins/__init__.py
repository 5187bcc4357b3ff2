"""The content types rxsync brings along.

Floor 5. A plugin imports ``rxsync.plugin`` and what lies below; nothing below imports a plugin.
"""
