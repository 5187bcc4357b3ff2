"""A server of roles, as an rxsync plugin."""

from rxsync_roles.models import Role, RoleTag, RoleVersion, Tag
from rxsync_roles.plugin import RolesPlugin

__all__ = ["Role", "RoleTag", "RoleVersion", "RolesPlugin", "Tag"]
