"""The chapters of `examples/demo.py`."""
