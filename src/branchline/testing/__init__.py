"""Fakes and contract suites for every port, shipped for plugin authors."""
