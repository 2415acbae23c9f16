"""``python -m tests.strict_aws --host 127.0.0.1 --port 5000``: serve until killed."""

from __future__ import annotations

import argparse

from tests.strict_aws.server import serving


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.strict_aws")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    serving(chosen.host, chosen.port).serve_forever()


main()
