"""What a failed check says: what, where, why, and what to do."""

from __future__ import annotations

from receiver.check import told
from receiver.core.causes import Cause, Forbidden, Temporary


def test_a_refusal_of_vaults() -> None:
    """Which request, what the token lacks, and the policy that has it."""
    error = Forbidden(
        "list: Vault answered 403",
        request="LIST kv/metadata/",
        why="it takes list, the token has deny",
    )

    assert str(told(error)) == (
        """\
list: Vault answered 403 [VAULT_FORBIDDEN]
  where  LIST kv/metadata/
  why    it takes list, the token has deny
  do     Vault admin: give the receiver's token the policy that its rules need
  run    vault-replicator policy vault --config replicator.yaml"""
    )


def test_anything_else() -> None:
    """From the table of causes."""
    error = Temporary(Cause.VAULT_SEALED, "mounts: Vault answered 503")

    assert str(told(error)) == (
        """\
mounts: Vault answered 503 [VAULT_SEALED]
  why    Vault is sealed, or has no active node
  do     Vault admin: unseal Vault"""
    )
