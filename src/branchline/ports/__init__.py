"""What the walk needs from the world: one Protocol per file, no logic."""
