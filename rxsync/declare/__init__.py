"""What a plugin says is in a remote repository: values that cannot be impossible.

Floor 1, values.
"""
