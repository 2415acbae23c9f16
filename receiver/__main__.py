"""``python -m receiver``: the command ``vault-replicator``."""

from receiver.cli import main

if __name__ == "__main__":
    main()
