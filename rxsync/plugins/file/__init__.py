"""Repositories of plain files, listed in a PULP_MANIFEST.

Floor 5, plugins.
"""
