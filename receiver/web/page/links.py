"""Where a person goes from here: to our own pages, Vault's and AWS's.

Every part of an address that comes from a secret's name is escaped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from receiver.core.state import SecretRef

_CONSOLES = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com"}


@dataclass(frozen=True, slots=True)
class Links:
    """``vault`` is Vault's address, empty: not known. ``aws_endpoint`` is where AWS is
    asked, None: AWS's own."""

    vault: str = ""
    aws_endpoint: str | None = None

    def to_vault(self, ref: SecretRef) -> str | None:
        """The secret in Vault's own page. Its newer ones redirect from here."""
        if not self.vault:
            return None
        place = f"{_escaped(ref.mount)}/show/{_escaped(ref.path)}"
        query = f"?{urlencode({'namespace': ref.namespace})}" if ref.namespace else ""
        return f"{self.vault}/ui/vault/secrets/{place}{query}"

    def to_aws(self, name: str, region: str) -> str | None:
        """The secret in the console; None where AWS is an emulator."""
        host = urlsplit(self.aws_endpoint or "").hostname
        if host and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return None
        domain = next(
            (at for start, at in _CONSOLES.items() if region.startswith(start)),
            "aws.amazon.com",
        )
        query = urlencode({"name": name, "region": region})
        return f"https://{region}.console.{domain}/secretsmanager/secret?{query}"


def to_secret(ref: SecretRef) -> str:
    """Our own page of a secret."""
    names = {"namespace": ref.namespace, "mount": ref.mount, "path": ref.path}
    given = {key: value for key, value in names.items() if value}
    return f"/secret?{urlencode(given)}"


def to_list(**query: Any) -> str:
    """The list, narrowed by what is given."""
    given = {key: value for key, value in query.items() if value}
    return f"/secrets?{urlencode(given)}" if given else "/secrets"


def picked(ref: SecretRef) -> str:
    """A secret as the value of a tick box."""
    return json.dumps([ref.namespace, ref.mount, ref.path])


def _escaped(path: str) -> str:
    return "/".join(quote(segment, safe="") for segment in path.split("/"))
