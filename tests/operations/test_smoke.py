"""`make smoke`: AWS's answers, given by an STS of the tests that enforces what the documents say."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import pytest

from operations import smoke, stack_files
from operations.errors import OperationError, exit_code
from sandbox.local_accounts import LocalAccounts

Runs = Callable[..., tuple[int, str, str]]
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
    monkeypatch.setattr(smoke.AccessRole, "is_local", False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runs:
    """Runs the command; returns its exit code and what it wrote to both streams."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["smoke", *arguments])
        code = exit_code(smoke.main)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


BOTH = ("--stack=preprod", f"--device={DEVICE}", "--token=123456,234567")


def answers(told: str) -> list[str]:
    """Return the first line of each answer, without AWS's words."""
    return [line.split()[1] for line in told.splitlines() if line.startswith("  AWS:")]


@pytest.mark.usefixtures("sts")
def test_a_door_that_keeps_its_rules_is_as_expected(run: Runs) -> None:
    code, told, _ = run(*BOTH)
    assert code == 0
    assert answers(told) == ["AccessDenied", "allowed", "allowed"]
    assert "expected: allowed from 203.0.113.10/32; refused from elsewhere" in told
    assert told.endswith("As expected.\n")


def test_a_door_without_mfa_is_not_as_expected(sts: Sts, run: Runs) -> None:
    sts.mfa_demanded = False
    code, told, _ = run(*BOTH)
    assert code == 1
    assert answers(told)[0] == "allowed"
    assert told.endswith("Not as expected: see docs/troubleshooting.md.\n")


def test_a_refusal_from_elsewhere_is_as_expected(sts: Sts, run: Runs) -> None:
    sts.address_fits = False
    code, told, _ = run(*BOTH)
    assert (code, answers(told)) == (0, ["AccessDenied"] * 3)


def test_a_refusal_at_a_door_without_addresses_is_not_as_expected(sts: Sts, run: Runs) -> None:
    sts.address_fits = False
    with Path("Pulumi.preprod.yaml").open("a") as file:
        file.write("  delegation:staticIpAt: session\n")
    code, told, _ = run(*BOTH)
    assert code == 1
    assert "expected: allowed\n" in told


@pytest.mark.usefixtures("sts")
def test_without_a_code_only_the_refusal_is_tried(run: Runs) -> None:
    code, told, _ = run("--stack=preprod")
    assert (code, answers(told)) == (0, ["AccessDenied"])
    assert "Not tried with MFA: give a code, TOKEN=123456" in told


@pytest.mark.usefixtures("sts")
def test_one_code_is_one_try_with_mfa(run: Runs) -> None:
    code, told, _ = run("--stack=preprod", f"--device={DEVICE}", "--token=123456")
    assert (code, answers(told)) == (0, ["AccessDenied", "allowed"])


@pytest.mark.usefixtures("sts")
def test_codes_are_asked_for_on_a_terminal(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("234567\n\n"))
    code, told, _ = run("--stack=preprod", f"--device={DEVICE}")
    assert (code, answers(told)) == (0, ["AccessDenied", "allowed"])


@pytest.mark.usefixtures("sts")
def test_a_wrong_code_is_no_verdict_about_the_role(run: Runs) -> None:
    code, _, error = run("--stack=preprod", f"--device={DEVICE}", "--token=999999")
    assert code == 1
    assert error.startswith("AWS did not take the code: MultiFactorAuthentication failed")


@pytest.mark.parametrize(
    ("caller", "message"),
    [
        ("arn:aws:iam::111111111111:user/carol", "whom no role of stack preprod is for; they are for alice, bob"),
        ("arn:aws:iam::999999999999:user/alice", "whom no role of stack preprod is for; they are for alice, bob"),
        (
            "arn:aws:sts::111111111111:assumed-role/r/alice",
            "whom no role of stack preprod is for; they are for alice, bob",
        ),
    ],
)
def test_somebody_else_is_no_admin(sts: Sts, run: Runs, caller: str, message: str) -> None:
    sts.caller = caller
    code, told, error = run("--stack=preprod")
    assert (code, told) == (1, "")
    assert message in error


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        pytest.param([], {}, "Name a stack: make smoke STACK=… with one of: preprod, ", id="no-stack"),
        pytest.param(["--stack=nowhere"], {}, "There is no Pulumi.nowhere.yaml", id="unknown-stack"),
        pytest.param(["--stack=security"], {}, "Stack security has no access role", id="security"),
        pytest.param(["--stack=preprod", "--profile=nobody"], {}, "There is no AWS profile nobody", id="no-profile"),
        pytest.param(["--stack=preprod"], {"AWS_SESSION_TOKEN": "t"}, "These are temporary credentials", id="session"),
        pytest.param(
            ["--stack=preprod"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS cannot be asked", id="no-network"
        ),
    ],
)
@pytest.mark.usefixtures("sts")
def test_what_cannot_be_tried_is_one_sentence(
    run: Runs, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], message: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, told, error = run(*arguments)
    assert (code, told) == (1, "")
    assert error.startswith(message)
    assert "Traceback" not in error


def test_local_accounts_are_said_to_enforce_nothing(
    repository: Path, accounts: LocalAccounts, monkeypatch: pytest.MonkeyPatch, run: Runs
) -> None:
    del repository
    iam = accounts.iam("111111111111")
    iam.create_user(UserName="alice")
    keys = iam.create_access_key(UserName="alice")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    code, told, error = run("--stack=preprod", f"--device={DEVICE}", "--token=123456")
    assert error == ""
    assert (code, answers(told)) == (0, ["allowed", "allowed"])
    assert told.endswith("These are local accounts, which enforce nothing: their answers prove nothing.\n")


def test_the_device_is_looked_up_and_a_choice_is_asked_for(repository: Path, accounts: LocalAccounts) -> None:
    iam = accounts.iam("111111111111")
    iam.create_user(UserName="bob")
    keys = iam.create_access_key(UserName="bob")["AccessKey"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
    access_role = smoke.AccessRole(stack_files.read_settings(repository, "preprod"), session)
    with pytest.raises(OperationError, match="has no MFA device that makes codes"):
        access_role.device()
    for name in ("phone", "tablet"):
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName="bob", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="234567"
        )
        if name == "phone":
            assert access_role.device() == "arn:aws:iam::111111111111:mfa/phone"
    with pytest.raises(OperationError, match=r"several MFA devices: name one, DEVICE=… of .*mfa/phone"):
        access_role.device()
