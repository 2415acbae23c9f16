"""The receiver with leases of seconds instead of minutes, so that a test sees one end.

Run as ``python -m tests.acceptance.short_lease serve --config F``. Both constants are
what they are in ``receiver`` but for their size: a lease still outlasts a call.
"""

from __future__ import annotations

from receiver import bootstrap, cli, worker

LEASE, CALL_TIMEOUT = 3.0, 1.0


def main() -> None:
    for module, name, seconds in (
        (worker, "LEASE", LEASE),
        (bootstrap, "CALL_TIMEOUT", CALL_TIMEOUT),
    ):
        assert getattr(module, name) > seconds, f"{name} is not where it was"
        setattr(module, name, seconds)
    cli.main()


if __name__ == "__main__":
    main()
