"""One verb each: they read through ports, ask the core, record, apply effects."""
