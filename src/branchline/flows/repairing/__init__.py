"""Verb `env repair`: find versions and an interpreter with which an old repository runs."""
