"""What a search found, as Markdown, as charts of a terminal, as an HTML page, as a live line."""
