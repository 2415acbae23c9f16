"""Which receiver a command talks to: the one that the environment names, or one of its
own that ends with the command. Both answer alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from receiver.remote import Remote


@contextmanager
def receiver(config: Path | None = None, *, working: bool = False) -> Iterator[Remote]:
    """A receiver to ask. With ``config`` it is in this process, and replicates only
    when ``working``. Raises CommandError."""
    if config is None:
        from receiver.remote import from_environment

        with from_environment(os.environ) as remote:
            yield remote
    else:
        from receiver.local import in_process

        with in_process(config, os.environ, working=working) as remote:
            yield remote
