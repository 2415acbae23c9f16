"""The whole installation on one machine, for a first look and for the tests."""
