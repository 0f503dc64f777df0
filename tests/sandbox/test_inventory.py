"""What is read from the accounts, and how it is said; the accounts are emulated, by documents as AWS returns them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import inventory
from sandbox.inventory import Account
from sandbox.local_accounts import LocalAccounts
from tests.workspaces import forking_python

SECURITY, TARGET = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{TARGET}:role/access"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": ["203.0.113.10/32", "198.51.100.0/24"]}}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def users(*names: str) -> dict[str, list[str]]:
    return {"AWS": [f"arn:aws:iam::{SECURITY}:user/{name}" for name in names]}


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Account]]:
    """A group of alice and bob with a grant, and a role that trusts bob and carol."""
    with LocalAccounts(tmp_path_factory.mktemp("accounts"), python=forking_python()) as local:
        security, target = local.iam(SECURITY), local.iam(TARGET)
        security.create_group(GroupName="admins")
        for name in ("carol", "bob", "alice"):
            security.create_user(UserName=name)
        for name in ("bob", "alice"):
            security.add_user_to_group(GroupName="admins", UserName=name)
        grant = document(Effect="Allow", Action="sts:AssumeRole", Resource=ROLE, Condition=MFA | OFFICE)
        security.put_group_policy(GroupName="admins", PolicyName="grant", PolicyDocument=grant)
        trust = document(Effect="Allow", Action="sts:AssumeRole", Principal=users("bob", "carol"), Condition=MFA)
        target.create_role(RoleName="access", AssumeRolePolicyDocument=trust)
        target.attach_role_policy(RoleName="access", PolicyArn=READ_ONLY)
        deny = document(Effect="Deny", Action="*", Resource="*", Condition={"NotIpAddress": OFFICE["IpAddress"]})
        target.put_role_policy(RoleName="access", PolicyName="addresses", PolicyDocument=deny)
        yield {account: inventory.read(account, local.iam(account)) for account in (SECURITY, TARGET)}


def test_users_groups_and_their_members_are_read(accounts: dict[str, Account]) -> None:
    security = accounts[SECURITY]
    assert security.users == tuple(users("alice", "bob", "carol")["AWS"])
    (group,) = security.groups
    assert (group.name, group.members) == ("admins", tuple(users("alice", "bob")["AWS"]))
    assert group.inline["grant"]["Statement"][0]["Resource"] == ROLE
    assert security.roles == ()


def test_roles_and_their_policies_are_read(accounts: dict[str, Account]) -> None:
    (role,) = accounts[TARGET].roles
    assert (role.name, role.arn, role.attached) == ("access", ROLE, (READ_ONLY,))
    assert set(role.inline) == {"addresses"}
    assert role.trust["Statement"][0]["Principal"] == users("bob", "carol")
