"""Station `changes`: what differs, and does it matter to the model?"""
