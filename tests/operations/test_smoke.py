"""`make smoke`: AWS's answers, given by an STS of the tests that enforces what the documents say."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import pytest
import yaml

from operations import smoke, stack_files
from operations.errors import OperationError
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
        self.session_tokens = True
        self.codes = ["123456", "234567", "345678"]
        self.trusted: dict[str, list[str]] = {}
        """The users of a role that is not for everybody."""
        self.own_names: list[str] = []
        """Roles that demand a session with the user's own name."""

    def refusal(self, request: dict[str, str], authorization: str) -> str | None:
        """Return why a request is refused, or None."""
        if request["Action"] == "GetSessionToken" and not self.session_tokens:
            return f"User: {self.caller} is not authorized to perform: sts:GetSessionToken"
        with_mfa = "SESSION" in authorization
        if code := request.get("TokenCode"):
            if code not in self.codes:
                return "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            self.codes.remove(code)
            with_mfa = True
        if request["Action"] == "AssumeRole":
            role, user = request["RoleArn"].rpartition("/")[2], self.caller.rpartition("/")[2]
            trusted = user in self.trusted.get(role, [user])
            named = request["RoleSessionName"] == user or role not in self.own_names
            if not (trusted and named and self.address_fits and (with_mfa or not self.mfa_demanded)):
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
    monkeypatch.setattr(smoke.AccessRoles, "is_local", False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(command: Runs) -> Runs:
    return partial(command, smoke.main)


BOTH = ("--stack=preprod", f"--device={DEVICE}", "--token=123456,234567")


@pytest.fixture
def two_roles(sts: Sts) -> Sts:
    """A role for each of two groups, one of which demands the user's name; bob is in both."""
    project = Path("Pulumi.yaml")
    content = yaml.safe_load(project.read_text())
    content["config"]["groups"]["default"] = {
        "IT-Admins": ["alice", "bob"],
        "Auditors": ["bob", "carol", {"name": "dave", "until": "2020-01-31"}],
    }
    content["config"]["roles"]["default"]["TSU-AUDIT"] = {
        "groups": ["Auditors"],
        "mfaMaxAgeHours": 1,
        "sessionName": True,
    }
    project.write_text(yaml.safe_dump(content, sort_keys=False))
    sts.trusted = {"TSU-IAM-ACCESS": ["alice", "bob"], "TSU-AUDIT": ["bob", "carol"]}
    sts.own_names = ["TSU-AUDIT"]
    return sts


def tried(told: str) -> dict[str, str]:
    """Return the answer to each attempt, by its headline."""
    headlines = [line for line in told.splitlines()[1:] if line.startswith("TSU-")]
    return dict(zip(headlines, answers(told), strict=True))


def as_user(sts: Sts, name: str) -> None:
    sts.caller = ALICE.replace("alice", name)


@pytest.mark.usefixtures("two_roles")
def test_each_role_is_tried_and_those_of_other_groups_refuse(run: Runs) -> None:
    code, told, _ = run(*BOTH)
    assert code == 0
    assert tried(told) == {
        "TSU-IAM-ACCESS, without MFA": "AccessDenied",
        "TSU-AUDIT, without MFA": "AccessDenied",
        "TSU-IAM-ACCESS, with MFA, by GetSessionToken": "allowed",
        "TSU-AUDIT, with MFA, by GetSessionToken": "AccessDenied",
        "TSU-IAM-ACCESS, with MFA, by mfa_serial": "allowed",
    }
    assert "expected: refused: the role is for Auditors" in told
    assert "Not tried: group Auditors. Try it with the access keys of bob or carol.\n" in told


def test_a_role_that_lets_in_another_group_is_not_as_expected(two_roles: Sts, run: Runs) -> None:
    two_roles.trusted["TSU-AUDIT"].append("alice")
    code, told, _ = run(*BOTH)
    assert (code, tried(told)["TSU-AUDIT, with MFA, by GetSessionToken"]) == (1, "allowed")


def test_a_member_of_two_groups_tries_the_roles_of_both(two_roles: Sts, run: Runs) -> None:
    as_user(two_roles, "bob")
    code, told, _ = run(*BOTH[:2], "--token=123456,234567,345678")
    assert code == 0
    assert [headline for headline, answer in tried(told).items() if answer == "allowed"] == [
        "TSU-IAM-ACCESS, with MFA, by GetSessionToken",
        "TSU-AUDIT, with MFA, by GetSessionToken",
        "TSU-IAM-ACCESS, with MFA, by mfa_serial",
        "TSU-AUDIT, with MFA, by mfa_serial",
    ]
    assert "Not tried: group" not in told


def test_another_session_name_is_tried_where_the_own_one_is_demanded(two_roles: Sts, run: Runs) -> None:
    as_user(two_roles, "carol")
    code, told, _ = run(*BOTH)
    assert (code, tried(told)["TSU-AUDIT, with MFA, in a session not named carol"]) == (0, "AccessDenied")
    two_roles.own_names, two_roles.codes = [], ["123456", "234567"]
    code, told, _ = run(*BOTH)
    assert (code, tried(told)["TSU-AUDIT, with MFA, in a session not named carol"]) == (1, "allowed")


def test_whose_last_day_is_over_is_refused_everywhere(two_roles: Sts, run: Runs) -> None:
    as_user(two_roles, "dave")
    code, told, _ = run(*BOTH)
    assert (code, set(answers(told))) == (0, {"AccessDenied"})
    assert "expected: refused: the last day of dave was 2020-01-31" in told
    two_roles.trusted["TSU-AUDIT"].append("dave")
    two_roles.codes = ["123456", "234567"]
    assert run(*BOTH)[0] == 1


def test_a_group_that_no_role_of_the_stack_is_for_is_not_missed(two_roles: Sts, run: Runs) -> None:
    with Path("Pulumi.preprod.yaml").open("a") as file:
        file.write("  delegation:only: {roles: [TSU-IAM-ACCESS]}\n")
    code, told, _ = run(*BOTH)
    assert code == 0
    assert "Audit" not in told
    as_user(two_roles, "carol")
    assert "who may assume no role of stack preprod. Its roles are for alice, bob" in run(*BOTH)[2]


def test_a_refused_get_session_token_is_no_answer_of_a_role(sts: Sts, run: Runs) -> None:
    sts.session_tokens = False
    code, told, _ = run(*BOTH)
    assert code == 1
    assert "GetSessionToken, with MFA\n  AWS:      AccessDenied on GetSessionToken" in told


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
    assert error.startswith("AWS rejected the code: MultiFactorAuthentication failed")


@pytest.mark.parametrize(
    ("caller", "message"),
    [
        (
            "arn:aws:iam::111111111111:user/carol",
            "who may assume no role of stack preprod. Its roles are for alice, bob",
        ),
        (
            "arn:aws:iam::999999999999:user/alice",
            "who may assume no role of stack preprod. Its roles are for alice, bob",
        ),
        (
            "arn:aws:sts::111111111111:assumed-role/r/alice",
            "who may assume no role of stack preprod. Its roles are for alice, bob",
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
            ["--stack=preprod"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS cannot be called", id="no-network"
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
    access_roles = smoke.AccessRoles(stack_files.read_settings(repository, "preprod"), session)
    with pytest.raises(OperationError, match="has no MFA device that makes codes"):
        access_roles.device()
    for name in ("phone", "tablet"):
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName="bob", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="234567"
        )
        if name == "phone":
            assert access_roles.device() == "arn:aws:iam::111111111111:mfa/phone"
    with pytest.raises(OperationError, match=r"several MFA devices: name one, DEVICE=… of .*mfa/phone"):
        access_roles.device()
