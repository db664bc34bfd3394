"""Adapter `github_hooks`: GitHub's webhooks, signed and read."""

from branchline.adapters.github_hooks.hooks import GithubHooks

__all__ = ["GithubHooks"]
