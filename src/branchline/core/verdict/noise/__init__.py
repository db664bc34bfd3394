"""How far two numbers must be apart before one is better: sampling noise and training noise.

Pure, and needs NumPy (the extra `gate`), which is imported inside the functions.
"""
