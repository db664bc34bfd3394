"""What a search found, as Markdown, as charts of a terminal, as an HTML page, as a live line."""

from branchline.render.search.facts import Facts, Searched, facts_of
from branchline.render.search.live import Best, Standing, heard, live_line
from branchline.render.search.markdown import search_markdown
from branchline.render.search.page import search_page
from branchline.render.search.terminal import search_lines

__all__ = [
    "Best",
    "Facts",
    "Searched",
    "Standing",
    "facts_of",
    "heard",
    "live_line",
    "search_lines",
    "search_markdown",
    "search_page",
]
