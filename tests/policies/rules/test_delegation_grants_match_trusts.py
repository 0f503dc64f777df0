"""The rule delegation-grants-match-trusts: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    ADDRESS,
    ALICE,
    GRANT,
    MANAGEMENT,
    READS,
    ROLE,
    SESSION_DENY,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import SERVICE, Case, app, check, ids, on_role, rows
from tests.policies.running import ELSEWHERE, NETWORK, SECURITY, TARGET, UNKNOWN, Made

BOB, CAROL = (f"arn:aws:iam::{SECURITY}:user/{name}" for name in ("bob", "carol"))
AUDIT = ROLE + "-AUDIT"


def _members(*names: str, group: str = "admins") -> Made:
    return Made(
        type="aws:iam/groupMembership:GroupMembership",
        name=f"members-of-{group}",
        account=SECURITY,
        inputs={"group": group, "users": list(names)},
    )


def _packed(group: str, *roles: str) -> tuple[Made, ...]:
    """A managed policy that grants roles, attached to a group."""
    return (
        managed(document(allow("sts:AssumeRole", list(roles), **MFA, **ADDRESS)), name=group, account=SECURITY),
        Made(
            type="aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
            name=f"{group}-attachment",
            account=SECURITY,
            inputs={"group": group, "policyArn": f"arn:aws:iam::{SECURITY}:policy/{group}"},
        ),
    )


def _grant(group: str, *roles: str) -> Made:
    return group_policy(document(allow("sts:AssumeRole", list(roles), **MFA, **ADDRESS)), group=group, name=group)


TWO_ROLES = (
    role(trust({"AWS": [ALICE, BOB]})),
    Made(
        type="aws:iam/role:Role",
        name="audit",
        account=TARGET,
        inputs={"name": "ACCESS-AUDIT", "assumeRolePolicy": json.dumps(trust({"AWS": [BOB, CAROL]}))},
    ),
    _grant("admins", ROLE),
    _grant("auditors", AUDIT),
)
ONE_ROLE = (role(trust({"AWS": [ALICE, BOB, CAROL]})), _grant("admins", ROLE), _grant("auditors", ROLE))


def _from(*addresses: str) -> dict[str, Any]:
    return {"IpAddress": {"aws:SourceIp": list(addresses)}}


CASES = [
    *rows(
        "delegation-grants-match-trusts",
        "pass",
        "",
        agree=(role(), role_policy(MANAGEMENT), group_policy(GRANT)),
        role_management_from_fewer=(role(), role_policy(MANAGEMENT), on_role(**MFA, **_from("203.0.113.0/24"))),
        role_management_from_one_of_several=(
            role(),
            role_policy(MANAGEMENT),
            on_role(**MFA, **_from(NETWORK, "198.51.100.7")),
        ),
        unrelated_deny=(
            role(),
            role_policy(MANAGEMENT),
            role_policy(document(deny("s3:*", **_from("198.51.100.0/24"))), name="second"),
            group_policy(GRANT),
        ),
        unrelated_deny_beside_the_grant=(
            role(),
            role_policy(MANAGEMENT),
            group_policy(document(*GRANT["Statement"], deny("s3:*", **_from("198.51.100.0/24")))),
        ),
        same_in_both=(
            role(),
            role_policy(MANAGEMENT),
            role_policy(SESSION_DENY, name="second"),
            group_policy(GRANT),
        ),
        grant_without_address=(role(), role_policy(SESSION_DENY), on_role(**MFA)),
        grant_without_address_beside_an_unrelated_deny=(
            role(),
            role_policy(SESSION_DENY),
            group_policy(document(allow("sts:AssumeRole", ROLE, **MFA), deny("s3:*", **_from("198.51.100.0/24")))),
        ),
        lone_trust=role(),
        lone_grant=group_policy(GRANT),
        members=(role(), group_policy(GRANT), _members("alice")),
        reads=(role(), group_policy(READS)),
        unknown_group=(role(), group_policy(GRANT, group=UNKNOWN), _members("bob")),
        two_roles=(*TWO_ROLES, _members("alice", "bob"), _members("bob", "carol", group="auditors")),
        two_groups=(*ONE_ROLE, _members("alice", "bob"), _members("bob", "carol", group="auditors")),
        packed=(role(), *_packed("admins", ROLE, f"arn:aws:iam::{ELSEWHERE}:role/ACCESS"), _members("alice")),
        packed_for_another_group=(role(), *_packed("admins", ROLE), _members("bob", group="auditors")),
        another_account_s_role_too=(role(), _grant("admins", ROLE, f"arn:aws:iam::{ELSEWHERE}:role/ACCESS")),
        members_of_one_group_known=(*ONE_ROLE, _members("alice")),
        group_and_user=(
            role(trust({"AWS": [ALICE, BOB]})),
            _grant("admins", ROLE),
            _members("alice"),
            Made(
                type="aws:iam/userPolicy:UserPolicy",
                name="own",
                account=SECURITY,
                inputs={"user": "bob", "policy": json.dumps(GRANT)},
            ),
        ),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "no grant of this stack names",
        another_role=(role(), group_policy(document(allow("sts:AssumeRole", ROLE + "X", **MFA, **ADDRESS)))),
        another_role_packed=(role(), *_packed("admins", ROLE + "X")),
        another_account=(role(account=ELSEWHERE), group_policy(GRANT)),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        f"grants {ROLE}X, which this stack does not make",
        beside_the_stack_s_own=(role(), _grant("admins", ROLE, ROLE + "X")),
        in_an_account_with_something_else=(
            Made(type="aws:s3/bucket:Bucket", inputs={"bucket": "logs"}),
            _grant("admins", ROLE + "X"),
        ),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "although it makes a role of that name in account",
        role_in_another_account=(role(account=ELSEWHERE), group_policy(GRANT)),
        role_in_the_security_account=(role(account=SECURITY), group_policy(GRANT)),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "pass",
        "",
        programs=(
            *(role(), group_policy(GRANT)),
            *app(
                {"Service": "lambda.amazonaws.com"},
                content=document(allow("sts:AssumeRole", [f"arn:aws:iam::{TARGET}:role/of-another-stack"])),
                account=ELSEWHERE,
            ),
        ),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "admits nobody of account",
        nobody=(role(trust(SERVICE)), group_policy(GRANT)),
        from_elsewhere=(role(), group_policy(GRANT, account=ELSEWHERE)),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "Use the same networks",
        networks=(role(), role_policy(MANAGEMENT), on_role(**MFA, IpAddress={"aws:SourceIp": "203.0.113.11"})),
        role_management_from_more=(
            role(),
            role_policy(json.loads(json.dumps(MANAGEMENT).replace("203.0.113.10/32", "203.0.113.0/24"))),
            group_policy(GRANT),
        ),
        entered_where_everything_is_denied=(
            role(),
            role_policy(SESSION_DENY),
            on_role(**MFA, **_from(NETWORK, "198.51.100.7")),
        ),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "alice, who is not a member",
        not_a_member=(role(), group_policy(GRANT), _members()),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "carol, who is not a member of group admins or auditors and so has no grant",
        in_no_group=(*ONE_ROLE, _members("alice"), _members("bob", group="auditors")),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "carol, who is not a member of group auditors and so has no grant",
        in_the_other_group=(*TWO_ROLES, _members("alice", "bob"), _members("bob", group="auditors")),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "makes dave a member of group auditors, but Role 'audit' does not trust dave",
        not_trusted_by_one_role=(
            *(*TWO_ROLES, _members("alice", "bob")),
            _members("bob", "carol", "dave", group="auditors"),
        ),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "makes bob a member",
        not_trusted=(role(), group_policy(GRANT), _members("alice", "bob")),
        not_trusted_and_packed=(role(), *_packed("admins", ROLE), _members("alice", "bob")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
