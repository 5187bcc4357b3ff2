"""What a sync does where much goes wrong. Run ``python -m tests.faults``; the tests of this folder do the same, small.

``matrix.py`` says which test proves which row of the fault matrix.
"""
