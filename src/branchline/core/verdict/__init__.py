"""Station `verdict`: is it good enough?"""
