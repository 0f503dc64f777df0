"""With --refresh the engine shows the policy pack also what the update deletes: judged is what the program declares."""

from __future__ import annotations

import pytest

from tests.e2e.stacks import Stacks

AUDIT = {"groups": ["Auditors"], "managedPolicyArns": ["arn:aws:iam::aws:policy/SecurityAudit"]}
ACCESS = {"groups": ["IT-Admins"], "roleManagement": {}}
GROUPS = {"IT-Admins": ["alice", "bob"], "Auditors": ["carol"]}
BOTH = {"TSU-IAM-ACCESS": ACCESS, "TSU-AUDIT": AUDIT}
STRICT = 'WITH_MFA = {"Bool": {MFA_PRESENT: "true"}}'


@pytest.fixture(scope="module")
def two_roles(stacks: Stacks) -> Stacks:
    """Two groups, each with a role of its own in preprod."""
    stacks.share(groups=GROUPS, roles=BOTH)
    for stack in ("security", "preprod"):
        stacks.update(stack, judged=False)
    return stacks


def test_a_removed_role_passes_though_its_group_keeps_a_grant(two_roles: Stacks) -> None:
    with two_roles.sharing(roles={"TSU-IAM-ACCESS": ACCESS | {"groups": ["IT-Admins", "Auditors"]}}):
        result = two_roles.pulumi("preview", "preprod", "--refresh").check()
    assert "TSU-AUDIT" in result.output


def test_weakened_documents_and_an_access_role_that_stays_without_its_grant_are_refused(two_roles: Stacks) -> None:
    put_back = [
        two_roles.rewrite(
            "components/target_roles.py",
            "return {group: names for group, names in reach.items() if names}",
            'return {group: names for group, names in reach.items() if names and group != "Auditors"}',
        ),
        two_roles.rewrite("components/documents.py", STRICT, STRICT.replace('"Bool"', '"BoolIfExists"')),
    ]
    try:
        result = two_roles.pulumi("up", "preprod", "--refresh")
    finally:
        for put in put_back:
            put()
    assert result.returncode != 0
    # By its preview.
    assert "Updating" not in result.output
    assert "no grant of this stack names arn:aws:iam::222222222222:role/TSU-AUDIT" in " ".join(result.output.split())
    assert "iam-trust-requires-mfa" in result.output


def test_a_removed_role_and_its_grant_are_gone_after_the_update(two_roles: Stacks) -> None:
    with two_roles.sharing(roles={"TSU-AUDIT": AUDIT}):
        two_roles.update("preprod", "--refresh")
    (role,) = two_roles.account("preprod").roles
    assert role.name == "TSU-AUDIT"
    groups = {group.name: list(group.inline) for group in two_roles.account("security").groups}
    assert groups == {"IT-Admins": [], "Auditors": ["assume-TSU-AUDIT-in-222222222222"]}
