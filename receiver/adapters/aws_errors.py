"""AWS's errors as ours, translated in one place.

No message of AWS's is passed on: a validation error may quote the value. What we say
is the operation, the error code and the request id. The operation is the one that
failed: a call whose credentials could not be had fails as ``AssumeRole``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.ports import Surprise

#: Told of every answer: the operation, and "OK" or the code of the error.
OnRequest = Callable[[str, str], None]

NOT_THERE = "ResourceNotFoundException"
EXISTS = "ResourceExistsException"
WRONG_STATE = "InvalidRequestException"
WRONG_PARAMETER = "InvalidParameterException"

_HOUR = 3600.0
_THROTTLED = frozenset(
    ("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown")
)
_DENIED = frozenset(
    ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException")
)
_KMS = frozenset(("EncryptionFailure", "DecryptionFailure"))
_LATER = frozenset(("InternalServiceError", "ServiceUnavailable", "RequestTimeout"))


@contextmanager
def translated(
    operation: str, *, surprises: Collection[str], on_request: OnRequest
) -> Iterator[None]:
    """The call inside raises Temporary, Permanent, or Surprise for ``surprises``."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        failed = error.operation_name
        on_request(failed, code)
        if failed == operation and code in surprises:
            raise Surprise(code) from None
        raise translate(failed, code, error.response) from None
    except BotoCoreError as error:
        kind = type(error).__name__
        on_request(operation, kind)
        # Such an error may quote an argument, so its text ends here.
        raise Temporary(Cause.AWS_UNREACHABLE, f"{operation}: {kind}") from None
    on_request(operation, "OK")


def translate(operation: str, code: str, answer: Mapping[str, Any]) -> ReplicationError:
    """Ours for AWS's error ``code``; ``answer`` is the parsed response."""
    meta = answer.get("ResponseMetadata", {})
    detail = f"{operation}: {code} (request {meta.get('RequestId', 'unknown')})"
    if code in _KMS or (code in _DENIED and _is_about_kms(answer)):
        return Permanent(Cause.KMS_DENIED, detail)
    if code in _DENIED:
        return Permanent(Cause.AWS_DENIED, detail)
    if code == "LimitExceededException":
        return Temporary(Cause.VERSION_BUDGET, detail, after=_HOUR)
    if code in _THROTTLED:
        return Temporary(Cause.AWS_THROTTLED, detail)
    if code in _LATER or meta.get("HTTPStatusCode", 0) >= 500:
        return Temporary(Cause.AWS_UNREACHABLE, detail)
    if "Token" in code or "Signature" in code:
        # Credentials, and the tokens of pages, expire and come back by themselves.
        return Temporary(Cause.AWS_UNREACHABLE, detail)
    return Permanent(Cause.AWS_REFUSED, detail)


def _is_about_kms(answer: Mapping[str, Any]) -> bool:
    """Only whether the key was denied is taken from AWS's own text. A name holds no
    colon, so a secret or a role called ``kms`` is not mistaken for an action."""
    text = str(answer.get("Error", {}).get("Message", "")).lower()
    return "kms:" in text or "access to kms" in text
