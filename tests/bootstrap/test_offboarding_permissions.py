"""What `make offboard` and the check of removed groups ask of AWS, under the deploy roles' permissions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import aws_accounts, deploying, steps
from operations.offboard import Offboarding
from sandbox.local_accounts import LocalAccounts, Profile
from sandbox.workspace import REPOSITORY
from tests.workspaces import forking_python

IDS = {"security": "111111111111", "preprod": "222222222222"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)

Statements = list[dict[str, Any]]
Requests = list[tuple[str, str, str]]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The configuration of two stacks; the users exist already."""
    for name in ("Pulumi.yaml", "Pulumi.security.yaml", "Pulumi.preprod.yaml"):
        text = (REPOSITORY / name).read_text()
        text = text.replace("[alice, bob]", "[alice, bob, carol]").replace(
            "config:\n", "config:\n  delegation:createUsers: false\n"
        )
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """The requests to IAM as they are made: stack, action and resource."""
    found: Requests = []
    reach = aws_accounts.iam

    def recording(name: str, account_id: str, region: str) -> Any:
        def record(params: dict[str, Any], model: Any, **_: Any) -> None:
            kind = next((kind for kind in ("Group", "Role", "User") if f"{kind}Name" in params), "")
            resource = f"arn:aws:iam::{account_id}:{kind.lower()}/{params[f'{kind}Name']}" if kind else "*"
            found.append((name, f"iam:{model.name}", resource))

        client = reach(name, account_id, region)
        client.meta.events.register("provide-client-params.iam", record)
        return client

    monkeypatch.setattr(aws_accounts, "iam", recording)
    return found


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAccounts]:
    """Accounts in which carol has credentials, and has made a role."""
    with LocalAccounts(tmp_path, python=forking_python()) as accounts:
        profiles = [Profile(name=f"delegation-{name}", account_id=id_, region="us-east-1") for name, id_ in IDS.items()]
        for name, value in accounts.environment(profiles).items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        security, preprod = accounts.iam(IDS["security"]), accounts.iam(IDS["preprod"])
        security.create_group(GroupName="IT-Admins")
        security.create_user(UserName="carol")
        security.add_user_to_group(GroupName="IT-Admins", UserName="carol")
        security.create_login_profile(UserName="carol", Password="a first password")  # noqa: S106
        security.create_access_key(UserName="carol")
        for name in ("TSU-IAM-ACCESS", "made-by-carol"):
            preprod.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        yield accounts


@pytest.mark.usefixtures("accounts")
def test_each_request_of_an_offboarding_is_allowed(
    top: Path,
    requests: Requests,
    role_policy: Callable[..., Statements],
    allows: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deploying, "up", lambda *_, **__: None)
    assert steps.run(Offboarding(top, "carol").steps())
    policies = {"security": role_policy("security", "DeployRole"), "preprod": role_policy("target", "DeployRole")}
    assert [request for request in requests if not allows(policies[request[0]], *request[1:])] == []
    assert {"iam:UpdateAccessKey", "iam:ListRoles"} <= {action for _, action, _ in requests}
    assert ("preprod", "iam:GetRole", "arn:aws:iam::222222222222:role/made-by-carol") in requests
