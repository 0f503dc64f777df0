"""The accounts through the same AWS profiles as the program's, and AWS's refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from operations.errors import OperationError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def iam(name: str, account_id: str, region: str) -> IAMClient:
    """Return an IAM client of one account, under the AWS profile `delegation-<name>`.

    Raises:
        OperationError: there is no such profile, or its credentials are of another account.
    """
    profile = f"delegation-{name}"
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise OperationError(
            f"There is no AWS profile {profile}: add it to ~/.aws/config, as bootstrap/README.md shows."
        ) from error
    reached = session.client("sts").get_caller_identity()["Account"]
    if reached != account_id:
        raise OperationError(
            f"The AWS profile {profile} reaches account {reached}, and the stack's is {account_id}: "
            "correct the profile in ~/.aws/config, or the stack file."
        )
    return session.client("iam")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what AWS or its client refuses into an OperationError."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        raise OperationError(
            f"AWS refused {error.operation_name}: {answer['Code']}: {answer['Message']}\nSee docs/troubleshooting.md."
        ) from error
    except BotoCoreError as error:
        raise OperationError(f"AWS cannot be called: {error} See docs/troubleshooting.md.") from error
