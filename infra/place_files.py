"""The whole of the init container: from its environment it writes the files that the
receiver reads. Its text is what ``python -I -c`` gets, so it knows nothing of us.

The execution role puts secrets into an environment, and the receiver wants files. They
lie on the task's own volume, readable by the receiver's user alone, and the receiver's
own environment, which is inherited and shown in many places, holds none of them.

``FILES`` lists ``{"name", "variable"}``; ``prefix`` goes before the text, and ``line``
takes one line of it: the last one, where there are fewer.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def main(env: Mapping[str, str]) -> str | None:
    """What is wrong, which never holds what is in a variable."""
    directory = Path(env["DIRECTORY"])
    for file in json.loads(env["FILES"]):
        text = env.get(file["variable"], "").rstrip("\n")
        if not text.strip():
            return f"{file['name']}: {file['variable']} is empty"
        if "line" in file:
            lines = text.split()
            text = lines[min(file["line"], len(lines) - 1)]
        _write(directory / file["name"], file.get("prefix", "") + text)
    return None


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(os.environ))
