"""What tests of rxsync and of its plugins are made with.

Floor 6, doors. Shipped to plugin authors.
"""
