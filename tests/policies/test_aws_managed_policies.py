"""The table of the policies that AWS keeps: what moto ships, and what matters of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from delegation_pack.facts.aws_managed_policies import TABLE
from delegation_pack.judging import Judge, judged, refuses
from delegation_pack.model import aws_managed
from delegation_pack.rules import (
    iam_assume_role_names_roles,
    iam_assume_role_requires_mfa,
    iam_assume_role_requires_source_ip,
    iam_mfa_devices_own_only,
    iam_no_user_management,
    iam_people_rights_are_listed,
    iam_role_management_is_bounded,
    iam_role_management_requires_mfa,
    iam_role_management_requires_source_ip,
)
from moto.iam.aws_managed_policies import aws_managed_policies_data

from operations.aws_managed_policies import table

WHOLE = {
    arn: replace(policy, content=content["Document"])
    for name, content in json.loads(aws_managed_policies_data).items()
    if (policy := aws_managed(arn := f"arn:aws:iam::aws:policy{content['Path']}{name}"))
}
JUDGES: dict[str, tuple[Judge, int]] = {
    "grants without MFA": (iam_assume_role_requires_mfa.without_mfa, 23),
    "grants from elsewhere": (iam_assume_role_requires_source_ip.from_elsewhere, 23),
    "unnamed roles": (iam_assume_role_names_roles.unnamed, 23),
    "role management without MFA": (iam_role_management_requires_mfa.without_mfa, 30),
    "role management from elsewhere": (iam_role_management_requires_source_ip.from_elsewhere, 30),
    "ways around": (iam_role_management_is_bounded.ways_around, 27),
    "way around beside it": (iam_role_management_is_bounded.way_around_beside, 29),
    "beside role management": (iam_role_management_is_bounded.beside_role_management, 266),
    "open as a boundary": (iam_role_management_is_bounded.open_as_boundary, 250),
    "rights of people": (iam_people_rights_are_listed.not_listed, 259),
    "user management": (iam_no_user_management.manages_users, 10),
    "devices of others": (iam_mfa_devices_own_only.devices_of_others, 3),
}


def test_the_table_is_what_moto_ships() -> None:
    assert TABLE.read_text() == table()


@pytest.mark.parametrize("name", JUDGES)
def test_a_reduced_policy_is_refused_where_the_whole_one_is(name: str) -> None:
    judge, count = JUDGES[name]
    refused = {arn for arn in WHOLE if refuses(judge, arn)}
    whole = {arn for arn, policy in WHOLE.items() if any(judged(policy, {"allowedCidrs": []}, judge))}
    assert refused == whole
    assert len(refused) == count
