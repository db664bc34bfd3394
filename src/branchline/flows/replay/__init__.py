"""Verb: replay. What would have been trained at each push of a branch, without training."""
