"""Emulated AWS accounts on loopback: a moto server behind AWS's refusals, and the AWS configuration that leads there.

As a script (`python local_accounts.py PORT`) it is the server: it prints its port when it answers, takes on each line
of stdin how it shall answer from then on, and ends when its stdin closes, so that it cannot outlive whoever started it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from delegation_pack.facts import partition_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

REPOSITORY = Path(__file__).resolve().parent.parent
ACCOUNT_ID = re.compile(r"[0-9]{12}")
PORT_TAKEN = 98
"""Exit code of the server when its port is taken."""

# The server looks at the account of the assumed role only.
_KEYS_OF_NOBODY = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
NOBODYS_ACCOUNT = "123456789012"
"""The account of calls under no role, such as the engine's on a state and on its key."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How the accounts answer."""

    delay: float = 0.0
    """Seconds between the doing of a call and its answer."""
    failing: float = 0.0
    """Share of IAM's calls, from 0 to 1, that fail with `Throttling` or `ServiceFailure` and are not carried out."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """An AWS profile that reaches one account."""

    name: str
    account_id: str
    region: str


class LocalAccounts:
    """A moto server in a process of its own; every account id exists on it, empty at first.

    It refuses what AWS refuses (`sandbox.refusals`). DELEGATION_TRUST_POLICY_QUOTA is its accounts' quota for a trust
    policy, from 2048 (AWS's default) to 8192 characters.

    Args:
        folder: Where the AWS configuration and the server's log are written.
        port: A fixed port, or 0 for any free one.
        answering: How it answers at first; `answer` changes that while it runs.
        python: What it runs on; this Python by default.

    Raises:
        SandboxError: On entering, when the port is taken, the quota is none that AWS gives, or the server does not
            start.
    """

    def __init__(
        self, folder: Path, port: int = 0, answering: Answering | None = None, python: Path | None = None
    ) -> None:
        self._folder = folder
        self._requested_port = port
        self._answering = answering
        self._python = python
        self._server: subprocess.Popen[str] | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.endpoint = ""
        """URL of the server, from the moment of entering."""

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._folder / "moto.log"

    @property
    def config_file(self) -> Path:
        """The generated AWS_CONFIG_FILE."""
        return self._folder / "aws-config"

    def __enter__(self) -> LocalAccounts:
        from sandbox.errors import SandboxError
        from sandbox.refusals import trust_policy_quota

        try:
            trust_policy_quota()
        except ValueError as error:
            raise SandboxError(f"{error}.") from error
        with self.log.open("w") as log:
            self._server = subprocess.Popen(
                [str(self._python or sys.executable), "-P", __file__, str(self._requested_port)],
                env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._server.stdout
        port = self._server.stdout.readline().strip()
        if not port:
            code = self._server.wait()
            self.__exit__(None, None, None)
            raise self._not_started(code)
        self.endpoint = f"http://127.0.0.1:{port}"
        if self._answering:
            self.answer(self._answering)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clients.clear()
        server, self._server = self._server, None
        if server is None:
            return
        server.kill()
        server.wait()
        for stream in (server.stdin, server.stdout):
            if stream:
                stream.close()

    def answer(self, answering: Answering) -> None:
        """Change how the accounts answer, from the moment this returns."""
        assert self._server
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(asdict(answering)) + "\n")
        self._server.stdin.flush()
        self._server.stdout.readline()

    def empty(self) -> None:
        """Take everything out of all accounts, the sessions of clients too: `client` gives new ones afterwards."""
        from http.client import HTTPConnection

        connection = HTTPConnection(self.endpoint.removeprefix("http://"))
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()
        self._clients.clear()

    def environment(self, profiles: Iterable[Profile]) -> dict[str, str]:
        """Write the AWS configuration and return the variables that lead every AWS client here, and nowhere else."""
        self.config_file.write_text("\n".join(_section(profile) for profile in profiles))
        credentials = self._folder / "aws-credentials"
        credentials.touch()
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": str(self.config_file),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
        } | {key.upper(): value for key, value in _KEYS_OF_NOBODY.items()}

    def iam(self, account_id: str, region: str = "us-east-1") -> IAMClient:
        """Return the IAM client of one account, in the partition of `region`: the same one each time."""
        return cast("IAMClient", self.client("iam", account_id, region))

    def client(self, service: str, account_id: str = NOBODYS_ACCOUNT, region: str = "us-east-1") -> Any:
        """Return the client of a service in one account, in the partition of `region`: the same one each time.

        The machine's own AWS configuration and proxies play no part.
        """
        key = (service, account_id, region)
        if key not in self._clients:
            self._clients[key] = self._new_client(*key)
        return self._clients[key]

    def _new_client(self, service: str, account_id: str, region: str) -> Any:
        import boto3
        import botocore.session
        from botocore.config import Config

        nothing = (None, None, None, None)
        no_file = (None, None, os.devnull, None)
        apart = botocore.session.Session(
            session_vars={"profile": nothing, "config_file": no_file, "credentials_file": no_file}
        )
        session = boto3.Session(**_KEYS_OF_NOBODY, region_name=region, botocore_session=apart)
        config = Config(proxies={}, retries={"total_max_attempts": 1})
        role = session.client("sts", endpoint_url=self.endpoint, config=config).assume_role(
            RoleArn=_deploy_role(account_id, region), RoleSessionName="inventory"
        )["Credentials"]
        return session.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            config=config,
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )

    def _not_started(self, code: int) -> Exception:
        from sandbox.errors import SandboxError

        if code == PORT_TAKEN:
            return SandboxError(
                f"Port {self._requested_port} on 127.0.0.1 is taken: name another one, or none for any free port."
            )
        return SandboxError(f"The local AWS accounts did not start: see {self.log}.")


def _deploy_role(account_id: str, region: str) -> str:
    # moto takes the account from the ARN, and the partition from the region; the role itself need not exist. A region
    # of no partition is refused by the program, in better words than a profile could.
    partition = partition_of(region)
    return f"arn:{partition.id if partition else 'aws'}:iam::{account_id}:role/delegation-deploy"


def _section(profile: Profile) -> str:
    return (
        f"[profile {profile.name}]\n"
        f"role_arn = {_deploy_role(profile.account_id, profile.region)}\n"
        "credential_source = Environment\n"
        f"region = {profile.region}\n"
    )


def _serve(port: int) -> None:
    import errno
    import socket

    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        sys.exit(PORT_TAKEN if error.errno == errno.EADDRINUSE else f"port {port}: {error}")

    from sandbox.refusals import Conditions

    conditions = Conditions()

    def obey_and_leave_with_parent() -> None:
        for line in sys.stdin:
            for name, value in json.loads(line).items():
                setattr(conditions, name, value)
            print("done", flush=True)
        os._exit(0)

    threading.Thread(target=obey_and_leave_with_parent, daemon=True).start()

    # moto takes most of a second to import: after the port is known to be free.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from sandbox import once
    from sandbox.refusals import Layer

    once.share_managed_policies()
    once.remember_itself()
    listener.listen()
    server = make_server(
        "127.0.0.1",
        listener.getsockname()[1],
        Layer(DomainDispatcherApplication(create_backend_app), conditions),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    print(listener.getsockname()[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
