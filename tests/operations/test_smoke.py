"""`make smoke`: AWS's answers at the door, given by an STS of the tests that enforces what the documents say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from operations import smoke
from operations.errors import exit_code
from sandbox.local_accounts import LocalAccounts

ALICE = "arn:aws:iam::111111111111:user/alice"
DEVICE = "arn:aws:iam::111111111111:mfa/alice"


class Sts(ThreadingHTTPServer):
    """Answers as AWS would: MFA is demanded, each code is good once, and the caller's address fits or not."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.caller = ALICE
        self.mfa_demanded = True
        self.address_fits = True
        self.codes = ["123456", "234567"]

    def refusal(self, request: dict[str, str], authorization: str) -> str | None:
        """Return why a request is refused, or None."""
        with_mfa = "SESSION" in authorization
        if code := request.get("TokenCode"):
            if code not in self.codes:
                return "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            self.codes.remove(code)
            with_mfa = True
        if request["Action"] == "AssumeRole" and not (self.address_fits and (with_mfa or not self.mfa_demanded)):
            return f"User: {self.caller} is not authorized to perform: sts:AssumeRole on resource: a role"
        return None


class Answers(BaseHTTPRequestHandler):
    server: Sts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        request = {key: values[0] for key, values in parse_qs(body).items()}
        action = request["Action"]
        if refusal := self.server.refusal(request, self.headers["Authorization"]):
            self._send(
                403,
                f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{refusal}</Message></Error></ErrorResponse>",
            )
            return
        keys = (
            "<Credentials><AccessKeyId>SESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>"
        )
        content = f"<Arn>{self.server.caller}</Arn>" if action == "GetCallerIdentity" else keys
        self._send(200, f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>")

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def sts(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    """An enforcing STS, which passes for AWS's own, and an admin's access keys."""
    del repository
    server = Sts()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LONGTERM")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setattr(smoke.Door, "is_local", False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Runs]:
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123  # closed with the process

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["smoke", *arguments])
        code = exit_code(smoke.main)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_door_that_keeps_its_rules_is_as_expected(sts: Sts, run: Runs) -> None:
    del sts
    code, told, _ = run("--stack=preprod", f"--device={DEVICE}", "--token=123456,234567")
    assert code == 0
    assert [line for line in told.splitlines() if line.startswith("  AWS:")] == [
        f"  AWS:      AccessDenied on AssumeRole: User: {ALICE} is not",
        "  AWS:      allowed",
        "  AWS:      allowed",
    ]
    assert told.endswith("As expected.\n")
