"""Brings a Vault into the state that a receiver needs: read, decide, show, do, prove.

What there is is read first (``reading``, into a ``Found``); what it takes is decided of
that alone (``planning``), so a second run finds nothing to do and a dry run shows what
a real one would send. Only ``doing`` writes, and ``proof`` tries the new credential.
"""
