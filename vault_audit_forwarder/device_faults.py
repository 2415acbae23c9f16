"""What is wrong with an audit device, told from the lines that it writes. Pure.

A device writes in one format all its life, so the first line tells the format and the
first token whether tokens are hashed; nothing else is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from vault_audit_forwarder import audit

#: What the log says about each fault.
REMEDIES = {
    "jsonx": "the audit device writes XML: enable it with format=json",
    "log_raw": "the audit device writes secrets in clear: enable it without log_raw",
}


class DeviceFaults:
    """Looks at one stream of lines."""

    def __init__(self) -> None:
        self._first_line_seen = False
        self._token_seen = False

    def new_in(self, lines: Iterable[bytes]) -> list[str]:
        """The faults that these lines are the first to show: ``jsonx``, ``log_raw``."""
        faults = []
        for line in lines:
            if not self._first_line_seen:
                self._first_line_seen = True
                if audit.is_jsonx(line):
                    faults.append("jsonx")
            if self._token_seen:
                break
            raw = audit.token_is_raw(line)
            self._token_seen = raw is not None
            if raw:
                faults.append("log_raw")
        return faults
