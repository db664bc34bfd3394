"""Station `plan`: what must run, where, and why?"""
