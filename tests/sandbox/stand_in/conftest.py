"""A real API server in this process, and the provider driven as the engine drives it."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pulumi.provider.experimental import provider as requests

from sandbox.aws.provider import StandIn
from sandbox.aws.wire import plain, property_values, secret_keys

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Answer = TypeVar("Answer")

# The server keeps its accounts until it ends; each test has accounts of its own.
_ACCOUNTS = (f"{number:012}" for number in itertools.count(100000000001))


@dataclass(frozen=True)
class Result:
    """The outputs of one request, in plain Python."""

    id: str | None
    outputs: dict[str, Any]
    secrets: set[str]
    inputs: dict[str, Any]


class Driver:
    """The provider as the engine uses it, with plain values in and out."""

    def __init__(self, account_id: str, config: Mapping[str, Any]) -> None:
        self.account_id = account_id
        self.provider = StandIn()
        self.config = config

    def configure(self) -> None:
        """Configure the provider with the inputs `config`."""
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.config.items()}
        self._answer(
            self.provider.configure(requests.ConfigureRequest({}, property_values(values), True, True))
        )

    def check(self, type_name: str, old: Mapping[str, Any] | None = None, **new: Any) -> tuple[dict[str, Any], str]:
        """Return the checked inputs, and what is wrong with them in one text."""
        request = requests.CheckRequest(urn(type_name), property_values(old or {}), property_values(new), b"seed")
        response = self._answer(self.provider.check(request))
        problems = "; ".join(f"{failure.property}: {failure.reason}" for failure in response.failures or ())
        return plain(response.inputs or {}), problems

    def create(self, type_name: str, *, preview: bool = False, secrets: set[str] | None = None, **new: Any) -> Result:
        """Check and create a resource."""
        inputs, problems = self.check(type_name, **new)
        assert not problems
        request = requests.CreateRequest(urn(type_name), property_values(inputs, secrets or ()), 0, preview)
        response = self._answer(self.provider.create(request))
        return Result(response.resource_id, plain(response.properties), secret_keys(response.properties), inputs)

    def diff(self, type_name: str, old: Result, *ignored: str, **new: Any) -> requests.DiffResponse:
        """Check inputs and compare them with a resource."""
        inputs, problems = self.check(type_name, old.inputs, **new)
        assert not problems
        request = requests.DiffRequest(
            urn(type_name), old.id or "", property_values(old.outputs), property_values(inputs), list(ignored)
        )
        return self._answer(self.provider.diff(request))

    def update(self, type_name: str, old: Result, *, preview: bool = False, **new: Any) -> Result:
        """Check inputs and bring a resource to them."""
        inputs, problems = self.check(type_name, old.inputs, **new)
        assert not problems
        request = requests.UpdateRequest(
            urn(type_name),
            old.id or "",
            property_values(old.outputs, old.secrets),
            property_values(inputs, old.secrets),
            0,
            [],
            preview,
        )
        response = self._answer(self.provider.update(request))
        return Result(old.id, plain(response.properties), secret_keys(response.properties), inputs)

    def read(self, type_name: str, known: Result | str) -> Result | None:
        """Refresh a resource, or import the one with an id; None if it is gone."""
        old = Result(known, {}, set(), {}) if isinstance(known, str) else known
        request = requests.ReadRequest(
            urn(type_name), old.id or "", property_values(old.outputs, old.secrets), property_values(old.inputs)
        )
        response = self._answer(self.provider.read(request))
        if response.resource_id is None:
            return None
        secrets = secret_keys(response.properties, response.inputs)
        return Result(response.resource_id, plain(response.properties), secrets, plain(response.inputs))

    def delete(self, type_name: str, old: Result) -> None:
        """Delete a resource."""
        request = requests.DeleteRequest(urn(type_name), old.id or "", property_values(old.outputs), 0)
        self._answer(self.provider.delete(request))

    def invoke(self, function: str, **arguments: Any) -> dict[str, Any]:
        """Call a function."""
        response = self._answer(self.provider.invoke(requests.InvokeRequest(function, property_values(arguments))))
        return plain(response.return_value or {})

    def _answer(self, answer: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run(answer)


def urn(type_name: str) -> str:
    """Return the URN of a resource below a component, whose type then begins with the component's."""
    return f"urn:pulumi:test::project::team:iam:Component${type_name}::logical"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """URL of an API server on loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


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
        with environment.open("a") as file:
            file.write(
                f"[profile {profile}]\nrole_arn = arn:aws:iam::{account_id}:role/deploy\n"
                "credential_source = Environment\n"
            )
        return Driver(account_id, {"profile": profile, "region": "us-east-1", **config})

    return new


@pytest.fixture
def driver(account_id: str, new_driver: Callable[..., Driver]) -> Driver:
    """A provider for an account."""
    new: Driver = new_driver(account_id)
    new.configure()
    return new


@pytest.fixture
def iam_of(endpoint: str) -> Callable[[str], IAMClient]:
    """Opens an account of the server past the provider."""

    def client(account_id: str) -> IAMClient:
        role = boto3.client("sts", endpoint_url=endpoint, region_name="us-east-1").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/test", RoleSessionName="test"
        )["Credentials"]
        return boto3.client(
            "iam",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )

    return client


@pytest.fixture
def iam(account_id: str, iam_of: Callable[[str], IAMClient]) -> IAMClient:
    """The account of `driver`, opened past the provider."""
    return iam_of(account_id)
