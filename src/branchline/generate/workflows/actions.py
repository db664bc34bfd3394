"""The actions that workflows use: GitHub's own, each at one commit; the tag is a comment."""

from __future__ import annotations

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
_CACHE = "55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0"
CACHE = f"actions/cache@{_CACHE}"
CACHE_RESTORE = f"actions/cache/restore@{_CACHE}"
CACHE_SAVE = f"actions/cache/save@{_CACHE}"
APP_TOKEN = "actions/create-github-app-token@bcd2ba49218906704ab6c1aa796996da409d3eb1 # v3.2.0"  # noqa: S105 # the name of an action
