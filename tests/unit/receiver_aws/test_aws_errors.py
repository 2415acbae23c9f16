"""Which of our errors each of AWS's becomes, and that none of its text goes along."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    ParamValidationError,
)

from receiver.adapters.aws_errors import translated
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.ports import Surprise

CANARY = "s3cr3t-canary-value"


def failed(code: str, message: str = CANARY, **more: Any) -> ClientError:
    """As botocore raises it for PutSecretValue."""
    operation = more.pop("operation", "PutSecretValue")
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 400, **more},
    }
    return ClientError(answer, operation)  # type: ignore[arg-type]  # less than AWS says


def translation(
    error: Exception, *surprises: str
) -> tuple[Exception, list[tuple[str, str]]]:
    """What a failing PutSecretValue raises, and what is reported of it."""
    reported: list[tuple[str, str]] = []
    try:
        with translated(
            "PutSecretValue",
            surprises=surprises,
            on_request=lambda *request: reported.append(request),
        ):
            raise error
    except (ReplicationError, Surprise) as ours:
        return ours, reported
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("error", "kind", "cause"),
    [
        (failed("AccessDeniedException"), Permanent, Cause.AWS_DENIED),
        (failed("AccessDenied"), Permanent, Cause.AWS_DENIED),
        (failed("EncryptionFailure"), Permanent, Cause.KMS_DENIED),
        (failed("DecryptionFailure"), Permanent, Cause.KMS_DENIED),
        (failed("ThrottlingException"), Temporary, Cause.AWS_THROTTLED),
        (failed("InternalServiceError"), Temporary, Cause.AWS_UNREACHABLE),
        (failed("Odd", HTTPStatusCode=502), Temporary, Cause.AWS_UNREACHABLE),
        (failed("ExpiredTokenException"), Temporary, Cause.AWS_UNREACHABLE),
        (failed("InvalidNextTokenException"), Temporary, Cause.AWS_UNREACHABLE),
        (failed("InvalidSignatureException"), Temporary, Cause.AWS_UNREACHABLE),
        (failed("LimitExceededException"), Temporary, Cause.VERSION_BUDGET),
        (failed("ValidationException"), Permanent, Cause.AWS_REFUSED),
        (failed("InvalidRequestException"), Permanent, Cause.AWS_REFUSED),
    ],
)
def test_each_code_has_a_cause(
    error: ClientError, kind: type[ReplicationError], cause: Cause
) -> None:
    """With the operation, the code and the request id in its detail."""
    code = error.response["Error"]["Code"]
    ours, reported = translation(error)

    assert type(ours) is kind
    assert isinstance(ours, ReplicationError)
    assert ours.cause is cause
    assert ours.detail == f"PutSecretValue: {code} (request r-1)"
    assert reported == [("PutSecretValue", code)]


def test_a_full_secret_waits_an_hour() -> None:
    """It is no throttle: nothing is gained by asking again soon."""
    ours, _ = translation(failed("LimitExceededException"))
    assert isinstance(ours, Temporary)
    assert ours.after == 3600


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("Access to KMS is not allowed", Cause.KMS_DENIED),
        ("not authorized to perform: kms:GenerateDataKey", Cause.KMS_DENIED),
        (
            "not authorized to perform: secretsmanager:PutSecretValue on resource: "
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app/kms-AbCdEf",
            Cause.AWS_DENIED,
        ),
    ],
)
def test_whether_the_key_was_denied(message: str, cause: Cause) -> None:
    """It is said in words only; a secret's own name is not mistaken for it."""
    ours, _ = translation(failed("AccessDeniedException", message))
    assert isinstance(ours, Permanent)
    assert ours.cause is cause


def test_what_the_caller_expects_is_a_surprise() -> None:
    """With its code; the same from another operation is not."""
    code = "InvalidRequestException"
    ours, reported = translation(failed(code), code)
    assert isinstance(ours, Surprise)
    assert ours.args == (code,)
    assert reported == [("PutSecretValue", code)]

    ours, reported = translation(failed(code, operation="AssumeRole"), code)
    assert isinstance(ours, Permanent)
    assert ours.detail == f"AssumeRole: {code} (request r-1)"
    assert reported == [("AssumeRole", code)]


@pytest.mark.parametrize(
    "error",
    [
        ParamValidationError(report=CANARY),
        ConnectTimeoutError(endpoint_url=CANARY),
        failed("ValidationException"),
        failed("AccessDeniedException"),
    ],
)
@pytest.mark.parametrize("surprise", [(), ("ValidationException",)])
def test_nothing_of_its_text_is_told(
    error: Exception, surprise: tuple[str, ...]
) -> None:
    """Not in the message, nor in what a traceback would print as the cause."""
    ours, reported = translation(error, *surprise)
    assert CANARY not in f"{ours} {ours!r} {reported}"
    assert ours.__cause__ is None
    assert ours.__suppress_context__


def test_success_is_reported_too() -> None:
    """Once, when the call is over."""
    reported: list[tuple[str, str]] = []
    with translated(
        "DescribeSecret",
        surprises=(),
        on_request=lambda *request: reported.append(request),
    ):
        assert reported == []
    assert reported == [("DescribeSecret", "OK")]
