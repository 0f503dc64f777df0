"""A real API server in this process, with two accounts that are empty when a test begins."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from sandbox.aws.provider import StandIn
from sandbox.refusals import Layer
from tests.sandbox.stand_in.driver import Driver

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def emptied(account_id: str) -> str:
    """Take everything out of an account of the server but the sessions in it, and return its id."""
    for account in iam_backends[account_id].values():
        sessions = {key: session for key, session in account.access_keys.items() if key.startswith("ASIA")}
        # Nothing is where nobody has a session.
        if sessions:
            account.reset()
            account.access_keys |= sessions
    return account_id


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """URL of an API server on loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Layer(DomainDispatcherApplication(create_backend_app)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


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
    return emptied("100000000001")


@pytest.fixture
def other_account_id() -> str:
    """Another account that nothing is in."""
    return emptied("100000000002")


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


@pytest.fixture(scope="session")
def configured() -> dict[str, StandIn]:
    """The providers of `driver` by account: as the plugin, each is configured once."""
    return {}


@pytest.fixture
def driver(account_id: str, new_driver: Callable[..., Driver], configured: dict[str, StandIn]) -> Driver:
    """A provider for an account."""
    new: Driver = new_driver(account_id)
    if account_id in configured:
        new.provider = configured[account_id]
    else:
        new.configure()
        configured[account_id] = new.provider
    return new


@pytest.fixture(scope="session")
def iam_of(endpoint: str) -> Callable[[str], IAMClient]:
    """Opens an account of the server past the provider."""
    session = boto3.Session("local", "local", region_name="us-east-1")

    @cache
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
