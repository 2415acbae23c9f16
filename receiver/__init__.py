"""Takes hints of what changed in Vault and makes AWS Secrets Manager agree."""

from vault_audit_forwarder import __version__

__all__ = ["__version__"]
