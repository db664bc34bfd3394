"""One vendor per package; each inherits its port, takes plain arguments, decides nothing."""
