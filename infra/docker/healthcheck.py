"""``healthcheck.py URL``: exit code 0 when the program in this container is healthy.

For HEALTHCHECK, in an image without curl. HEALTHCHECK_URL takes the place of URL. The
certificate is not verified: the address is this container itself, and what the answer
says is no secret.
"""

import os
import ssl
import sys
import urllib.request

_TIMEOUT_SECONDS = 4.0


def main(url: str) -> int:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    try:
        # The address comes from the image or from whoever runs it.
        with urllib.request.urlopen(  # noqa: S310  # as above
            url, timeout=_TIMEOUT_SECONDS, context=unverified
        ):
            return 0
    except OSError as error:
        print(f"{url}: {error}", file=sys.stderr)  # noqa: T201  # docker shows it
        return 1


if __name__ == "__main__":
    sys.exit(main(os.environ.get("HEALTHCHECK_URL") or sys.argv[1]))
