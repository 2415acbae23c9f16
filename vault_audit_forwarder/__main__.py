"""``python -m vault_audit_forwarder``."""

from vault_audit_forwarder.cli import main

if __name__ == "__main__":
    main()
