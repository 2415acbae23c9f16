"""The comparison of both sides: what is listed, joined, and brought about."""
