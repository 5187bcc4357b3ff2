"""The line: stages put in order, fed by a plugin, ended as a version.

Floor 4. Only here do operators and backends meet.
"""
