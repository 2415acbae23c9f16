"""A fresh OpenBao for a demo: born, unsealed, and its first token taken away again.

For trying things out, not for production: there, each share belongs to a person from
its first moment on (``bao operator init -pgp-keys=…``), and nobody holds several.
"""
