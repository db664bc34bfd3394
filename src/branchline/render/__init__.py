"""Values into text: terminal, Markdown, plots. Pure."""
