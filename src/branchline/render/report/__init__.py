"""A report of a run: its parts as values, its first sentence, its charts, its page's script."""
