"""How the pages are built: ``sphinx-build -W docs OUT``."""

from rxsync.version import __version__

project = "rxsync"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["conf.py", "examples", "_build", "notebooks/README.md", "notebooks/*.ipynb", "**.ipynb_checkpoints"]
smartquotes = False

html_theme = "furo"
html_title = "rxsync"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["rxsync.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2a6db8", "color-brand-content": "#2a6db8"},
    "dark_css_variables": {"color-brand-primary": "#7db4f0", "color-brand-content": "#7db4f0"},
}

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_timeout = 60
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give shapes and units


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
            shown += [f".. code-block:: {'pycon' if '>>>' in line else 'text'}", ""]
        shown.append(line)
    lines[:] = shown


def setup(app: object) -> None:
    """Run before napoleon, which reads the sections."""
    app.connect("autodoc-process-docstring", show_marbles, priority=400)
