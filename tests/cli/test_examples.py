"""The examples in docstrings are true."""

import doctest

import pytest

from rxsync.cli import output, stages


@pytest.mark.parametrize("module", [output, stages], ids=lambda module: module.__name__)
def test_the_examples_of_a_module_are_true(module):
    failed, tried = doctest.testmod(module)
    assert failed == 0 < tried
