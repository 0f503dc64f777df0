"""The emulated accounts: apart from each other, on loopback only, and gone with whoever started them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox import local_accounts
from sandbox.errors import SandboxError
from sandbox.local_accounts import Answering, LocalAccounts, Profile
from tests.sandbox.processes import ENDLESS, eventually
from tests.workspaces import forking_python

REPOSITORY = Path(local_accounts.__file__).parents[1]
SECURITY, TARGET = "111111111111", "222222222222"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAccounts]:
    with LocalAccounts(tmp_path_factory.mktemp("accounts"), python=forking_python()) as accounts:
        yield accounts


def answers(endpoint: str) -> bool:
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_accounts_are_apart(accounts: LocalAccounts) -> None:
    accounts.iam(SECURITY).create_user(UserName="alice")
    assert [user["UserName"] for user in accounts.iam(SECURITY).list_users()["Users"]] == ["alice"]
    assert accounts.iam(TARGET).list_users()["Users"] == []


def test_emptied_accounts_go_on_as_new_ones(accounts: LocalAccounts) -> None:
    accounts.iam(TARGET).create_user(UserName="dave")
    accounts.empty()
    for account in (SECURITY, TARGET):
        assert accounts.iam(account).list_users()["Users"] == []
        assert accounts.iam(account).create_user(UserName="erin")["User"]["Arn"].split(":")[4] == account


def test_managed_policies_of_aws_exist(accounts: LocalAccounts) -> None:
    policy = accounts.iam(TARGET).get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert policy["Policy"]["PolicyName"] == "ReadOnlyAccess"


def test_managed_policies_of_aws_are_each_account_s_own(accounts: LocalAccounts) -> None:
    arn = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    iam = accounts.iam(SECURITY)
    iam.create_group(GroupName="viewers")
    iam.attach_group_policy(GroupName="viewers", PolicyArn=arn)
    counts = [
        accounts.iam(account).get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] for account in (SECURITY, TARGET)
    ]
    assert counts == [1, 0]


def test_managed_policies_of_aws_exist_in_china(accounts: LocalAccounts) -> None:
    iam = boto3.client(
        "iam",
        region_name="cn-north-1",
        endpoint_url=accounts.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
    )
    policy = iam.get_policy(PolicyArn="arn:aws-cn:iam::aws:policy/ReadOnlyAccess")["Policy"]
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["IsDefaultVersion"]


def test_profile_leads_to_its_account(accounts: LocalAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = Profile(name="delegation-preprod", account_id=TARGET, region="eu-west-1")
    for key, value in accounts.environment([profile]).items():
        monkeypatch.setenv(key, value)

    session = boto3.Session(profile_name="delegation-preprod")

    assert session.region_name == "eu-west-1"
    assert session.client("sts").get_caller_identity()["Account"] == TARGET


def test_machines_own_aws_configuration_and_proxies_play_no_part(
    accounts: LocalAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-the-machine")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    # So that the client is a new one.
    accounts.empty()
    assert accounts.iam(TARGET).list_roles()["Roles"] == []


def test_server_listens_on_loopback_only(accounts: LocalAccounts) -> None:
    port = int(accounts.endpoint.rpartition(":")[2])
    with socket.socket() as elsewhere:
        # Only free if nobody listens on all addresses.
        elsewhere.bind(("127.0.0.2", port))
    assert accounts.endpoint.startswith("http://127.0.0.1:")


def test_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=f"Port {port} on 127.0.0.1 is taken"), LocalAccounts(tmp_path, port):
            pass


def test_fixed_port_is_used(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with LocalAccounts(tmp_path, port) as accounts:
        assert accounts.endpoint == f"http://127.0.0.1:{port}"


def test_server_that_does_not_start_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match=r"moto\.log"), LocalAccounts(tmp_path):
        pass


def test_server_ends_on_leaving(tmp_path: Path) -> None:
    with LocalAccounts(tmp_path) as accounts:
        assert answers(accounts.endpoint)
    assert not answers(accounts.endpoint)


def test_server_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom pathlib import Path\nfrom sandbox.local_accounts import LocalAccounts\n"
            "with LocalAccounts(Path(sys.argv[1])) as accounts:\n    print(accounts.endpoint, flush=True)\n"
            f"    time.sleep({ENDLESS})",
            str(tmp_path),
        ],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    endpoint = parent.stdout.readline().strip()
    assert answers(endpoint)

    parent.send_signal(signal.SIGKILL)
    parent.communicate()

    assert eventually(lambda: not answers(endpoint))


def test_the_accounts_refuse_what_aws_refuses(accounts: LocalAccounts) -> None:
    iam = accounts.iam(TARGET)
    iam.create_group(GroupName="full")
    iam.attach_group_policy(GroupName="full", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_group(GroupName="full")


def test_a_raised_quota_for_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELEGATION_TRUST_POLICY_QUOTA", "4096")
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    with LocalAccounts(tmp_path) as raised:
        iam = raised.iam(TARGET)
        fits, too_long = (
            json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Sid": "x" * size}]})
            for size in (3900, 4000)
        )
        iam.create_role(RoleName="fits", AssumeRolePolicyDocument=fits)
        with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 4096"):
            iam.create_role(RoleName="too-long", AssumeRolePolicyDocument=too_long)


@pytest.mark.parametrize("quota", ["2047", "8193", "many"])
def test_a_quota_that_no_account_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str) -> None:
    monkeypatch.setenv("DELEGATION_TRUST_POLICY_QUOTA", quota)
    with (
        pytest.raises(SandboxError, match=f"DELEGATION_TRUST_POLICY_QUOTA is '{quota}'"),
        LocalAccounts(tmp_path),
    ):
        pass


@pytest.fixture
def answering(accounts: LocalAccounts) -> Iterator[Callable[[Answering], None]]:
    """Changes how the accounts answer, for one test."""
    yield accounts.answer
    accounts.answer(Answering())


def test_answers_can_be_slow_and_what_was_asked_is_done_before(
    accounts: LocalAccounts, answering: Callable[[Answering], None]
) -> None:
    iam = accounts.iam(TARGET)
    answering(Answering(delay=0.3))
    started = time.monotonic()
    iam.create_group(GroupName="slow")
    assert time.monotonic() - started >= 0.3


def test_some_calls_fail_as_aws_does_and_change_nothing(
    accounts: LocalAccounts, answering: Callable[[Answering], None]
) -> None:
    iam = accounts.iam(TARGET)
    answering(Answering(failing=0.5))
    failures = []
    for number in range(60):
        try:
            iam.create_group(GroupName=f"g{number}")
        except ClientError as error:
            failures.append((number, error.response["Error"]["Code"]))
    answering(Answering())
    made = {group["GroupName"] for group in iam.list_groups()["Groups"]}
    assert {code for _, code in failures} == {"Throttling", "ServiceFailure"}
    assert made >= {f"g{number}" for number in range(60)} - {f"g{number}" for number, _ in failures}
    assert not made & {f"g{number}" for number, _ in failures}
    assert 10 < len(failures) < 50
