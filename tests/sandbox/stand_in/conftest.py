"""A real API server in this process, with accounts of their own for each test."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from sandbox.refusals import Layer
from tests.sandbox.stand_in.driver import Driver

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# The server keeps its accounts until it ends.
_ACCOUNTS = (f"{number:012}" for number in itertools.count(100000000001))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """URL of an API server on loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Layer(DomainDispatcherApplication(create_backend_app)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture(scope="session", autouse=True)
def _descriptions_read_once() -> Iterator[None]:
    """Let every new session use what an earlier one read of AWS's descriptions: a quarter of a second each."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _: loader)
        yield


@pytest.fixture(autouse=True)
def environment(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of local accounts, none of the machine's own; returns the AWS configuration file."""
    config = tmp_path / "config"
    config.touch()
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "DELEGATION_CALL_LOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("MOTO_IAM_LOAD_MANAGED_POLICIES", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return config


@pytest.fixture
def account_id() -> str:
    """An account that nothing is in."""
    return next(_ACCOUNTS)


@pytest.fixture
def other_account_id() -> str:
    """Another account that nothing is in."""
    return next(_ACCOUNTS)


@pytest.fixture
def new_driver(environment: Path) -> Callable[..., Driver]:
    """Makes a provider for an account, not configured yet."""

    def new(account_id: str, **config: Any) -> Driver:
        profile = f"delegation-{account_id}"
        section = (
            f"[profile {profile}]\nrole_arn = arn:aws:iam::{account_id}:role/deploy\ncredential_source = Environment\n"
        )
        if section not in environment.read_text():
            with environment.open("a") as file:
                file.write(section)
        return Driver(account_id, {"profile": profile, "region": "us-east-1", **config})

    return new


@pytest.fixture
def driver(account_id: str, new_driver: Callable[..., Driver]) -> Driver:
    """A provider for an account."""
    new: Driver = new_driver(account_id)
    new.configure()
    return new


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all, for each new one reads AWS's descriptions again."""
    # Its credentials are those of the environment of the test that uses it first.
    return boto3.Session(region_name="us-east-1")


@pytest.fixture
def iam_of(session: boto3.Session, endpoint: str) -> Callable[[str], IAMClient]:
    """Opens an account of the server past the provider."""

    def client(account_id: str) -> IAMClient:
        role = session.client("sts", endpoint_url=endpoint).assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/test", RoleSessionName="test"
        )["Credentials"]
        return session.client(
            "iam",
            endpoint_url=endpoint,
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )

    return client


@pytest.fixture
def iam(account_id: str, iam_of: Callable[[str], IAMClient]) -> IAMClient:
    """The account of `driver`, opened past the provider."""
    return iam_of(account_id)
