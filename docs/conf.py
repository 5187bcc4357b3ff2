"""How the pages are built: ``sphinx-build -W docs OUT``."""

from rxsync.version import __version__

project = "rxsync"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["examples"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give shapes and units
smartquotes = False


def show_marbles(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Make a literal block of each diagram: of what is indented after an empty line, which nothing else is."""
    shown: list[str] = []
    for line in lines:
        if (
            line.startswith("    ")
            and shown
            and not shown[-1]
            and not (len(shown) > 1 and shown[-2].startswith("    "))
        ):
            shown += ["::", ""]
        shown.append(line)
    lines[:] = shown


def setup(app: object) -> None:
    """Run before napoleon, which reads the sections."""
    app.connect("autodoc-process-docstring", show_marbles, priority=400)
