"""Structured text into typed values, with the line of each key: YAML 1.2 and 1.1, JSON, TOML."""
