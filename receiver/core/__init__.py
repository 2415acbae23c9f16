"""What is decided, apart from what is done: pure functions on frozen values.

Nothing in here reads a clock, a file, a socket or the environment, and nothing is
imported but the standard library.
"""
