"""The commands that talk to a receiver. A module here imports what it needs inside its
functions, so that help and completion answer at once.
"""
