"""What Sphinx is told; docs/website/build.py lays out the pages and calls it."""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = ROOT / "src" / "branchline" / "version.py"
# The sign of a box's pages.
ICON = ROOT / "src" / "branchline" / "server" / "pages" / "static" / "icon.svg"

project = "Branchline"
version = release = runpy.run_path(str(VERSION))["__version__"]
author = "the authors of Branchline"
project_copyright = "the authors of Branchline, Apache-2.0"
language = "en"
extensions = ["myst_parser"]
# Anchors as a forge makes them of headings, so that a link works in both places.
myst_heading_anchors = 4
nitpicky = True
highlight_language = "text"
# What is typed is shown as it is typed.
smartquotes = False

html_theme = "furo"
html_title = "Branchline"
html_static_path = [str(HERE / "static")]
html_css_files = ["branchline.css"]
html_favicon = str(ICON)
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
# Both follow what the reader's system says, unless the button at the top says otherwise.
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2f4fd0", "color-brand-content": "#2f4fd0"},
    "dark_css_variables": {"color-brand-primary": "#93aaff", "color-brand-content": "#93aaff"},
}
