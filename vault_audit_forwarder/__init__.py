"""The listening end of Vault's audit device: a stream of lines in, signed hints out."""

__version__ = "0.1.0"
