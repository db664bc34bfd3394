"""Verbs of environments: what is used, why, what is in it; and how an old one runs again."""
