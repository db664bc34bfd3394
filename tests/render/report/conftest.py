"""The headless Chromium of the tests of the server's pages, for the report's page."""

from tests.server.conftest import Browser, browser

__all__ = ["Browser", "browser"]
