"""All that describes the distribution stands in ``setup.cfg``."""

from setuptools import setup

setup()
