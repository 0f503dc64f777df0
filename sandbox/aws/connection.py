"""Connections to the accounts of the local AWS server."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from sandbox.aws.errors import RefusedError, code_of, message_of
from sandbox.aws.settings import ProviderSettings, is_loopback

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

# No proxy may carry a request away from this machine, and a server that is not there should not be waited for.
_CLIENT_CONFIG = Config(proxies={}, connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 2})
# AWS's descriptions of its services take a tenth of a second to read.
_DESCRIPTIONS = botocore.loaders.create_loader()


class Connection:
    """One account of the local AWS server, reached with the credentials of one provider."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Find out whose the credentials are.

        Raises RefusedError if there are none, if the server does not answer, or if they belong to an account that is
        not among the allowed ones.
        """
        self.default_tags = settings.default_tags
        self._settings = settings
        self._iam: IAMClient | None = None
        self._lock = threading.Lock()
        try:
            self._session = _session(settings)
            identity = self._sts().get_caller_identity()
        except ProfileNotFound as error:
            config = os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")
            raise RefusedError(f"the AWS profile {settings.profile!r} is not in {config}") from error
        except ClientError as error:
            raise RefusedError(
                f"the credentials of {self._credentials_name} are refused: "
                f"{error.operation_name}: {code_of(error)}: {message_of(error)}"
            ) from error
        except BotoCoreError as error:
            raise RefusedError(
                f"the local AWS server at {settings.endpoint} cannot be used with the credentials of "
                f"{self._credentials_name}: {error}"
            ) from error
        self.account_id = identity["Account"]
        self.caller_arn = identity["Arn"]
        self.caller_id = identity["UserId"]
        self._check_account()

    @property
    def iam(self) -> IAMClient:
        """The account's IAM; each call is counted."""
        with self._lock:
            if self._iam is None:
                self._iam = self._session.client("iam", endpoint_url=self._settings.endpoint)
            return self._iam

    @property
    def _credentials_name(self) -> str:
        return f"the AWS profile {self._settings.profile!r}" if self._settings.profile else "the environment"

    def _check_account(self) -> None:
        allowed = self._settings.allowed_account_ids
        if allowed and self.account_id not in allowed:
            # https://github.com/hashicorp/aws-sdk-go-base: Config.VerifyAccountIDAllowed
            raise RefusedError(f"AWS account ID not allowed: {self.account_id}")

    def _sts(self) -> STSClient:
        return self._session.client("sts", endpoint_url=self._settings.endpoint)


def _session(settings: ProviderSettings) -> boto3.Session:
    session = botocore.session.Session(profile=settings.profile)
    session.set_default_client_config(_CLIENT_CONFIG)
    session.register_component("data_loader", _DESCRIPTIONS)
    # On the session, so that they hold for the calls by which a profile gets its credentials too.
    session.register("before-send", _stay_on_loopback)
    session.register("before-call", _log_call)
    return boto3.Session(botocore_session=session, region_name=settings.region)


def _stay_on_loopback(**kwargs: Any) -> None:
    # The last word on every request, whatever an environment variable or a profile made of its address.
    url = str(kwargs["request"].url)
    if not is_loopback(url):
        raise RefusedError(f"a request to {url} was refused: the AWS stand-in stays on loopback")


def _log_call(**kwargs: Any) -> None:
    if call_log := os.environ.get("DELEGATION_CALL_LOG"):
        with Path(call_log).open("a") as log:
            model: OperationModel = kwargs["model"]
            log.write(f"{model.service_model.endpoint_prefix}:{model.name}\n")
