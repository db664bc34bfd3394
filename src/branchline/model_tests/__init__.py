"""What tests of a model are made of; the fixtures of `pytest_plugin` hand it out.

Loaded in the test's process, and only where a test uses it: nothing here imports a library before
it is needed.
"""
