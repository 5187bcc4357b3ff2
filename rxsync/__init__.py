"""Mirror content repositories as a reactive stream."""

__version__ = "0.1.0.dev0"
