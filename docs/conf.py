"""Sphinx: `make docs`."""

from importlib.metadata import version as _version

project = "shopchat"
author = "The shopchat authors"
copyright = "2026, the shopchat authors"
release = version = _version("shopchat")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "images"]
nitpicky = True

html_theme = "furo"
html_title = f"shopchat {release}"
html_copy_source = False
