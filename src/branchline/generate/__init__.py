"""Settings into the text of workflows and hooks. Pure."""
