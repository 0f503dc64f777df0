"""What `settings.parse` and `settings.load` accept, refuse and say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

from configuration.model import RoleManagement
from settings import Settings, SettingsError, load, parse
from tests.unit.recording import RunPulumi

TODAY = date(2027, 1, 15)
TOP = Path(__file__).parents[2]
SECURITY, PREPROD = "111111111111", "222222222222"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
GOOD: Mapping[str, object] = {
    "securityAccountId": SECURITY,
    "targetAccountId": PREPROD,
    "staticIps": ["8.8.8.8"],
    "groups": {"IT-Admins": ["alice", "bob"]},
    "roles": {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"]}},
}


def preprod(**changes: object) -> Settings:
    """Settings of a good target stack, but for `changes`."""
    return parse("preprod", {**GOOD, **changes})


def role(**fields: object) -> dict[str, object]:
    """A map of one good role, but for `fields`."""
    return {"R": {"groups": ["IT-Admins"], **fields}}


def managing(mfa: bool, boundary: str) -> RoleManagement:
    return RoleManagement.model_validate({"mfa": mfa, "boundaryPolicyArn": boundary})


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in GOOD.items() if name != key}


def dumped(settings: Settings) -> dict[str, object]:
    """Settings as the configuration that says the same."""
    return settings.model_dump(by_alias=True, mode="json", exclude={"stack"}, exclude_none=True)


def problems(stack: str, values: Mapping[str, object]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        parse(stack, values)
    return refusal.value.problems


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("stack", "preprod"),
        ("partition", "aws"),
        ("region", "us-east-1"),
        ("security_account_id", SECURITY),
        ("target_account_id", PREPROD),
        ("static_ips", ("8.8.8.8/32",)),
        ("static_ip_at", "grant"),
        ("members", {"IT-Admins": ("alice", "bob")}),
        ("last_days", {}),
        ("revoke_sessions_before", None),
        ("user_path", "/"),
        ("create_users", True),
        ("trust_policy_quota", 2048),
        ("grants", "perTarget"),
        ("targets", {}),
        ("protect", False),
        ("tags", {}),
    ],
)
def test_value_without_any_optional_key(field: str, expected: object) -> None:
    assert getattr(preprod(), field) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("groups", ("IT-Admins",)),
        ("managed_policy_arns", ("arn:aws:iam::aws:policy/ReadOnlyAccess",)),
        ("role_management", None),
        ("max_session_hours", 1),
        ("mfa_max_age_hours", None),
        ("session_name", False),
    ],
)
def test_field_of_a_role_without_any_optional_one(field: str, expected: object) -> None:
    assert getattr(preprod().access_roles["TSU-IAM-ACCESS"], field) == expected


def test_a_good_configuration_has_no_warning() -> None:
    assert preprod().warnings(TODAY) == ()


def test_defaults_pass_the_rules_of_their_own_keys() -> None:
    settings = preprod(roles=role(roleManagement={}))
    assert preprod(**dumped(settings)) == settings


@pytest.mark.parametrize(("stack", "protected"), [("production", True), ("preprod", False), ("security", False)])
def test_only_production_is_protected_by_default(stack: str, protected: bool) -> None:
    values = without("targetAccountId") if stack == "security" else GOOD
    assert parse(stack, values).protect is protected


@pytest.mark.parametrize("protect", [True, False])
def test_protect_can_be_chosen_in_production(protect: bool) -> None:
    assert parse("production", {**GOOD, "protect": protect}).protect is protect


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partition_and_default_policies_follow_the_region(region: str, partition: str) -> None:
    settings = preprod(region=region, roles=role(roleManagement={}))
    read_only = f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"
    assert settings.partition == partition
    assert settings.roles["R"].managed_policy_arns == (read_only,)
    assert settings.roles["R"].role_management == managing(True, read_only)


@pytest.mark.parametrize("region", ["me-west-1", "sa-west-1"])
def test_a_region_that_the_pinned_provider_does_not_know_is_refused(region: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "region": region})
    assert problem.startswith("region: ")
    assert "is a region that the pinned AWS provider does not know" in problem
    assert "update pulumi-aws" in problem


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        pytest.param("staticIps", ["8.8.8.8/32"], "static_ips", ("8.8.8.8/32",), id="address-with-length"),
        pytest.param("staticIps", ["8.8.8.0/24"], "static_ips", ("8.8.8.0/24",), id="widest-ipv4"),
        pytest.param("staticIps", ["2606:4700::/48"], "static_ips", ("2606:4700::/48",), id="widest-ipv6"),
        pytest.param("staticIps", ["2606:4700:0:0::1"], "static_ips", ("2606:4700::1/128",), id="ipv6-shortened"),
        pytest.param("staticIps", ["9.9.9.9", "8.8.8.8"], "static_ips", ("9.9.9.9/32", "8.8.8.8/32"), id="order-kept"),
        pytest.param(
            "staticIps",
            [{"cidr": "165.225.0.0/16", "reason": "the proxy's own"}, {"cidr": "8.8.8.8", "reason": "office"}],
            "cidrs",
            ("165.225.0.0/16", "8.8.8.8/32"),
            id="ranges-with-reasons",
        ),
        pytest.param("staticIpAt", "session", "static_ip_at", "session", id="session"),
        pytest.param("staticIpAt", "both", "static_ip_at", "both", id="both"),
        pytest.param("groups", {"IT-Admins": ["a" * 64]}, "users", ("a" * 64,), id="longest-user-name"),
        pytest.param("groups", {"IT-Admins": ["a+=,.@_-1"]}, "users", ("a+=,.@_-1",), id="all-characters"),
        pytest.param(
            "groups",
            {"IT-Admins": ["bob", "alice"], "g" * 128: ["alice", "carol"]},
            "users",
            ("bob", "alice", "carol"),
            id="two-groups-one-member-in-both",
        ),
        pytest.param(
            "revokeSessionsBefore",
            "2025-11-25T11:00:00.5+01:00",
            "revoke_sessions_before",
            datetime(2025, 11, 25, 10, tzinfo=UTC),
            id="revoked",
        ),
        pytest.param("userPath", "/it/admins/", "user_path", "/it/admins/", id="path"),
        pytest.param("createUsers", False, "create_users", False, id="existing-users"),
        pytest.param("trustPolicyQuota", 8192, "trust_policy_quota", 8192, id="highest-quota"),
        pytest.param("tags", {"Éé 1_.:/=+-@": ""}, "tags", {"Éé 1_.:/=+-@": ""}, id="tag-characters"),
        pytest.param("tags", {"k" * 128: "v" * 256}, "tags", {"k" * 128: "v" * 256}, id="longest-tag"),
    ],
)
def test_accepted_value(key: str, value: object, field: str, expected: object) -> None:
    found = getattr(preprod(**{key: value}), field)
    assert (found() if callable(found) else found) == expected


OWN_POLICY = f"arn:aws:iam::{PREPROD}:policy/it/Own"


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        pytest.param("managedPolicyArns", [], "managed_policy_arns", (), id="no-managed-policy"),
        pytest.param("managedPolicyArns", [OWN_POLICY], "managed_policy_arns", (OWN_POLICY,), id="target-s-policy"),
        pytest.param("maxSessionHours", 12, "max_session_hours", 12, id="longest-session"),
        pytest.param("mfaMaxAgeHours", 12, "mfa_max_age_hours", 12, id="oldest-mfa"),
        pytest.param("sessionName", True, "session_name", True, id="session-name"),
        pytest.param(
            "roleManagement",
            {"mfa": False, "boundaryPolicyArn": OWN_POLICY},
            "role_management",
            managing(False, OWN_POLICY),
            id="role-management",
        ),
    ],
)
def test_accepted_field_of_a_role(key: str, value: object, field: str, expected: object) -> None:
    assert getattr(preprod(roles=role(**{key: value})).roles["R"], field) == expected


@pytest.mark.parametrize("name", ["r" * 64, "delegation"], ids=["longest", "no-reserved-prefix"])
def test_accepted_role_name(name: str) -> None:
    assert list(preprod(roles={name: {"groups": ["IT-Admins"]}}).access_roles) == [name]


@pytest.mark.parametrize(
    "until",
    [
        "2027-01-31",
        pytest.param("2027-01-31T00:00:00Z", id="as-the-engine-reads-the-project-file"),
        pytest.param("2027-01-31 00:00:00 +0000 UTC", id="as-the-engine-reads-a-stack-file"),
        pytest.param(date(2027, 1, 31), id="as-PyYAML-reads-it"),
    ],
)
def test_last_day_in_every_form(until: object) -> None:
    groups = {"IT-Admins": ["alice", {"name": "dave", "until": until}]}
    settings = preprod(groups=groups)
    assert settings.last_days == {"dave": date(2027, 1, 31)}
    assert settings.members == {"IT-Admins": ("alice", "dave")}


@pytest.mark.parametrize(
    "time",
    [
        "2025-11-25T10:00:00Z",
        pytest.param("2025-11-25 10:00:00 +0000 UTC", id="as-the-engine-reads-a-stack-file"),
        pytest.param(datetime(2025, 11, 25, 10, tzinfo=UTC), id="as-PyYAML-reads-it"),
        pytest.param(datetime(2025, 11, 25, 10), id="as-PyYAML-reads-it-without-zone"),
    ],
)
def test_time_in_every_form(time: object) -> None:
    assert preprod(revokeSessionsBefore=time).revoke_sessions_before == datetime(2025, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (
            "2027-01-14",
            "groups.IT-Admins[1]: dave's last day was 2027-01-14: AWS refuses them every role, so remove",
        ),
        ("2027-01-15", "groups.IT-Admins[1]: dave's last day is 2027-01-15, after which AWS refuses"),
        ("2027-01-29", "groups.IT-Admins[1]: dave's last day is 2027-01-29, after which AWS refuses"),
        ("2027-01-30", ""),
    ],
    ids=["past", "today", "in-two-weeks", "later"],
)
def test_last_day_is_announced_two_weeks_before(until: str, said: str) -> None:
    warnings = preprod(groups={"IT-Admins": ["alice", {"name": "dave", "until": until}]}).warnings(TODAY)
    assert len(warnings) == bool(said)
    assert "".join(warnings).startswith(said)


TWO: Mapping[str, object] = {
    **GOOD,
    "groups": {"IT-Admins": ["alice", "bob"], "Auditors": ["carol", "alice"]},
    "roles": {"ACCESS": {"groups": ["IT-Admins"]}, "AUDIT": {"groups": ["Auditors", "IT-Admins"]}},
}


@pytest.mark.parametrize(
    ("only", "roles", "members"),
    [
        pytest.param({}, {"ACCESS": ("IT-Admins",), "AUDIT": ("Auditors", "IT-Admins")}, 2, id="nothing"),
        pytest.param({"roles": ["ACCESS"]}, {"ACCESS": ("IT-Admins",)}, 2, id="a-role"),
        pytest.param({"groups": ["Auditors"]}, {"AUDIT": ("Auditors",)}, 1, id="a-group-and-the-roles-it-has"),
        pytest.param({"groups": ["IT-Admins"], "roles": ["AUDIT"]}, {"AUDIT": ("IT-Admins",)}, 1, id="both"),
    ],
)
def test_a_stack_narrows_groups_and_roles(
    only: Mapping[str, object], roles: Mapping[str, tuple[str, ...]], members: int
) -> None:
    settings = parse("preprod", {**TWO, "only": only})
    assert {name: role.groups for name, role in settings.access_roles.items()} == roles
    assert len(settings.members) == members


@pytest.mark.parametrize("key", ["groups", "roles"])
def test_what_all_stacks_share_is_refused_in_a_stack_file(key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse("preprod", GOOD, in_stack_file=["staticIps", key])
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{key}: {json.dumps(GOOD[key])} belongs in Pulumi.yaml")
    assert problem.endswith("delete it here, or narrow it with only")


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("admins", ["alice"], "is now part of delegation:groups in Pulumi.yaml"),
        ("groupName", "IT-Admins", "is now a key of delegation:groups in Pulumi.yaml"),
        ("roleName", "TSU-IAM-ACCESS", "is now a key of delegation:roles in Pulumi.yaml"),
        ("managedPolicyArns", [], "move it to delegation:roles.<role>.managedPolicyArns in Pulumi.yaml"),
        ("roleManagement", {}, "move it to delegation:roles.<role>.roleManagement in Pulumi.yaml"),
        ("maxSessionHours", 2, "move it to delegation:roles.<role>.maxSessionHours in Pulumi.yaml"),
    ],
)
def test_a_key_from_before_there_were_several_groups_names_its_new_place(key: str, value: object, place: str) -> None:
    (problem,) = problems("preprod", {**GOOD, key: value})
    assert problem.startswith(f"{key}: {json.dumps(value)} is now ")
    assert place in problem
    assert problem.endswith("(docs/operations.md)")


def test_security_stack_takes_static_ips_that_all_stacks_share() -> None:
    assert parse("security", without("targetAccountId")).static_ips == ("8.8.8.8/32",)


def test_security_stack_needs_neither_target_nor_static_ips() -> None:
    settings = parse("security", {"securityAccountId": SECURITY, "groups": {"G": ["alice"]}})
    assert settings.target_account_id is None
    assert settings.static_ips == ()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        preprod().user_path = "/other/"


# Key, value, where the problem is said to be, the rule, what to do.
REFUSALS: list[tuple[str, str, object, str, str, str]] = [
    ("id-short", "securityAccountId", "1402433619", "", "has 10 digits", "put it in quotes"),
    ("id-long", "securityAccountId", "1111111111111", "", "has 13 digits", "put it in quotes"),
    ("id-number", "securityAccountId", 111111111111, "", "is not text", "put it in quotes"),
    ("id-dashes", "targetAccountId", "2222-2222-2222", "", "is not an account id", "without dashes"),
    ("id-foreign-digits", "targetAccountId", "٢٢٢٢٢٢٢٢٢٢٢٢", "", "is not an account id", "write its 12 digits"),
    ("id-empty", "securityAccountId", "", "", "is empty", "give it a value"),
    ("target-is-security", "targetAccountId", "111111111111", "", "is the Security account too", "give the account"),
    ("ips-text", "staticIps", "8.8.8.8", "", "is not a list", "after a dash"),
    ("ips-null", "staticIps", "", "", "is empty", "give it a value"),
    ("ip-number", "staticIps", [8], "[0]", "is not text", "quotes"),
    ("ip-garbage", "staticIps", ["office"], "[0]", "is neither an address nor a CIDR", "write one such as"),
    ("ip-leading-zero", "staticIps", ["8.8.8.08"], "[0]", "is neither an address nor a CIDR", "write one such as"),
    ("ip-zone", "staticIps", ["2606:4700::1%eth0"], "[0]", "is neither an address nor a CIDR", "write one such as"),
    (
        "ip-host-bits",
        "staticIps",
        ["8.8.8.8/24"],
        "[0]",
        "has host bits set",
        "8.8.8.0/24 for the whole range or 8.8.8.8",
    ),
    ("ip-host-bits-v6", "staticIps", ["2606:4700::1/64"], "[0]", "has host bits set", "write 2606:4700::/64"),
    ("ip-everyone", "staticIps", ["0.0.0.0/0"], "[0]", "is wider than /8", "name the ranges"),
    ("ip-wide", "staticIps", ["8.8.8.0/23"], "[0]", "is wider than /24", "write {cidr: 8.8.8.0/23, reason: …}"),
    ("ip-everyone-v6", "staticIps", ["::/0"], "[0]", "is wider than /19", "name the ranges"),
    ("ip-wide-v6", "staticIps", ["2606:4700::/47"], "[0]", "is wider than /48", "{cidr: 2606:4700::/47, reason: …}"),
    (
        "ip-holds-private",
        "staticIps",
        ["172.0.0.0/8"],
        "[0]",
        "holds 172.16.0.0/12, which is a private range",
        "name only the",
    ),
    (
        "wide-too-wide",
        "staticIps",
        [{"cidr": "0.0.0.0/1", "reason": "x"}],
        "[0].cidr",
        "holds 0.0.0.0/8, which is reserved",
        "name only the public ranges",
    ),
    (
        "wide-everyone",
        "staticIps",
        [{"cidr": "0.0.0.0/0", "reason": "x"}],
        "[0].cidr",
        "is wider than /8",
        "name the ranges",
    ),
    ("wide-no-reason", "staticIps", [{"cidr": "8.8.0.0/16"}], "[0]", "lacks its reason", "add it"),
    ("wide-no-cidr", "staticIps", [{"reason": "x"}], "[0]", "lacks its cidr", "add it"),
    (
        "wide-blank-reason",
        "staticIps",
        [{"cidr": "8.8.0.0/16", "reason": " "}],
        "[0].reason",
        "is empty",
        "write why",
    ),
    (
        "wide-unknown",
        "staticIps",
        [{"cidr": "8.8.0.0/16", "reason": "x", "resaon": "y"}],
        "[0].resaon",
        "is not a field of staticIps[0]",
        "did you mean reason?",
    ),
    (
        "wide-private",
        "staticIps",
        [{"cidr": "10.0.0.0/16", "reason": "x"}],
        "[0].cidr",
        "is a private range",
        "give the public",
    ),
    ("ip-mapped", "staticIps", ["::ffff:8.8.8.0/120"], "[0]", "is an IPv4 address written as IPv6", "write 8.8.8.0/24"),
    ("ip-outside-v6", "staticIps", ["4000::/48"], "[0]", "is outside 2000::/3", "check it"),
    ("ip-repeated", "staticIps", ["8.8.8.8", "8.8.8.8/32"], "[1]", "repeats staticIps[0]", "delete one"),
    ("ip-within", "staticIps", ["8.8.8.8", "8.8.8.0/24"], "[0]", "lies within staticIps[1] (8.8.8.0/24)", "delete one"),
    ("ip-at", "staticIpAt", "grnat", "", "is not an allowed value", "write 'grant', 'session' or 'both'"),
    ("admins-none", "groups", {"IT-Admins": []}, ".IT-Admins", "has no members", "list at least one IAM user"),
    ("admins-text", "groups", {"IT-Admins": "alice"}, ".IT-Admins", "is not a list", "after a dash"),
    ("admin-number", "groups", {"IT-Admins": [7]}, ".IT-Admins[0]", "is not text", "quotes"),
    (
        "admin-repeated",
        "groups",
        {"IT-Admins": ["alice", "bob", "Alice"]},
        ".IT-Admins[2]",
        "repeats groups.IT-Admins[0] (IAM ignores case)",
        "delete one",
    ),
    ("admin-space", "groups", {"IT-Admins": ["alice b"]}, ".IT-Admins[0]", "contains a space", "write alice-b"),
    (
        "admin-blank",
        "groups",
        {"IT-Admins": [" "]},
        ".IT-Admins[0]",
        "contains characters that IAM refuses in user names",
        "use letters",
    ),
    (
        "admin-arn",
        "groups",
        {"IT-Admins": ["user/alice"]},
        ".IT-Admins[0]",
        "contains characters that IAM refuses in user names",
        "use letters",
    ),
    (
        "admin-wildcard",
        "groups",
        {"IT-Admins": ["*"]},
        ".IT-Admins[0]",
        "contains characters that IAM refuses in user names",
        "use letters",
    ),
    (
        "admin-umlaut",
        "groups",
        {"IT-Admins": ["jürgen"]},
        ".IT-Admins[0]",
        "contains characters that IAM refuses in user names",
        "use letters",
    ),
    ("admin-newline", "groups", {"IT-Admins": ["alice\n"]}, ".IT-Admins[0]", "contains a space", "write alice"),
    (
        "admin-long",
        "groups",
        {"IT-Admins": ["a" * 65]},
        ".IT-Admins[0]",
        "is 65 characters long, where IAM takes 64",
        "shorten it",
    ),
    ("path-relative", "userPath", "it/", "", "is not a path", "begin and end it with /"),
    ("path-open", "userPath", "/it", "", "is not a path", "begin and end it with /"),
    ("path-doubled", "userPath", "//", "", "is not a path", "begin and end it with /"),
    ("path-wildcard", "userPath", "/*/", "", "is not a path", "of letters, digits"),
    (
        "path-long",
        "userPath",
        f"/{'a' * 511}/",
        "",
        "is 513 characters long, where IAM takes 512",
        "shorten it",
    ),
    ("create-users-text", "createUsers", "no", "", "is neither true nor false", "write true or false"),
    ("create-users-number", "createUsers", 1, "", "is neither true nor false", "write true or false"),
    (
        "arn-text",
        "roles",
        role(managedPolicyArns="ReadOnlyAccess"),
        ".R.managedPolicyArns",
        "is not a list",
        "after a dash",
    ),
    (
        "arn-name",
        "roles",
        role(managedPolicyArns=["ReadOnlyAccess"]),
        ".R.managedPolicyArns[0]",
        "is not the ARN of a managed policy",
        "write one such as",
    ),
    (
        "arn-role",
        "roles",
        role(managedPolicyArns=["arn:aws:iam::aws:role/R"]),
        ".R.managedPolicyArns[0]",
        "is not the ARN of a managed policy",
        "such as",
    ),
    (
        "arn-wildcard",
        "roles",
        role(managedPolicyArns=["arn:aws:iam::aws:policy/*"]),
        ".R.managedPolicyArns[0]",
        "is not the ARN",
        "write one such as",
    ),
    (
        "arn-partition",
        "roles",
        role(managedPolicyArns=["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"]),
        ".R.managedPolicyArns[0]",
        "is in another partition than the region",
        "begin it with arn:aws:",
    ),
    (
        "arn-account",
        "roles",
        role(managedPolicyArns=["arn:aws:iam::111111111111:policy/P"]),
        ".R.managedPolicyArns[0]",
        "is in another account",
        "make the policy there",
    ),
    (
        "arn-repeated",
        "roles",
        role(managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        ".R.managedPolicyArns[1]",
        "repeats roles.R.managedPolicyArns[0]",
        "delete one",
    ),
    ("management-text", "roles", role(roleManagement=True), ".R.roleManagement", "is not a map", "indented"),
    ("management-null", "roles", role(roleManagement=""), ".R.roleManagement", "is empty", "give it a value"),
    (
        "management-unknown",
        "roles",
        role(roleManagement={"mffa": True}),
        ".R.roleManagement.mffa",
        "is not a field of roles.R.roleManagement",
        "mean mfa?",
    ),
    (
        "management-python-name",
        "roles",
        role(roleManagement={"boundary_policy_arn": "x"}),
        ".R.roleManagement.boundary_policy_arn",
        "is not a field",
        "boundaryPolicyArn?",
    ),
    (
        "management-mfa",
        "roles",
        role(roleManagement={"mfa": "yes"}),
        ".R.roleManagement.mfa",
        "is neither true nor false",
        "write true or false",
    ),
    (
        "management-enabled",
        "roles",
        role(roleManagement={"enabled": False}),
        ".R.roleManagement.enabled",
        "is not a field of roles.R.roleManagement",
        "choose one of mfa",
    ),
    (
        "boundary-name",
        "roles",
        role(roleManagement={"boundaryPolicyArn": "ReadOnlyAccess"}),
        ".R.roleManagement.boundaryPolicyArn",
        "is not the ARN of a managed policy",
        "write one such as",
    ),
    (
        "boundary-number",
        "roles",
        role(roleManagement={"boundaryPolicyArn": 5}),
        ".R.roleManagement.boundaryPolicyArn",
        "is not text",
        "quotes",
    ),
    (
        "boundary-partition",
        "roles",
        role(roleManagement={"boundaryPolicyArn": "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"}),
        ".R.roleManagement.boundaryPolicyArn",
        "is in another partition than the region",
        "begin it with arn:aws:",
    ),
    (
        "boundary-account",
        "roles",
        role(roleManagement={"boundaryPolicyArn": "arn:aws:iam::333333333333:policy/B"}),
        ".R.roleManagement.boundaryPolicyArn",
        "is in another account",
        "make the policy there",
    ),
    (
        "hours-none",
        "roles",
        role(maxSessionHours=0),
        ".R.maxSessionHours",
        "is outside 1 to 12",
        "choose a number of hours",
    ),
    (
        "hours-many",
        "roles",
        role(maxSessionHours=13),
        ".R.maxSessionHours",
        "is outside 1 to 12",
        "choose a number of hours",
    ),
    (
        "hours-half",
        "roles",
        role(maxSessionHours=1.5),
        ".R.maxSessionHours",
        "is not a whole number",
        "write it in digits",
    ),
    (
        "hours-text",
        "roles",
        role(maxSessionHours="2h"),
        ".R.maxSessionHours",
        "is not a whole number",
        "write it in digits",
    ),
    (
        "hours-yes",
        "roles",
        role(maxSessionHours=True),
        ".R.maxSessionHours",
        "is not a whole number",
        "write it in digits",
    ),
    ("quota-low", "trustPolicyQuota", 2047, "", "is outside 2048 to 8192", "choose a number of characters"),
    ("quota-high", "trustPolicyQuota", 8193, "", "is outside 2048 to 8192", "choose a number of characters"),
    ("protect-text", "protect", "on", "", "is neither true nor false", "write true or false"),
    ("protect-null", "protect", "", "", "is empty", "delete the line"),
    ("region-misspelt", "region", "us-est-1", "", "is not a known region", "did you mean us-east-1"),
    ("region-global", "region", "aws-global", "", "is not a known region", ""),
    ("tags-list", "tags", ["a"], "", "is not a map", "indented"),
    ("tag-number", "tags", {"Cost": 42}, ".Cost", "is not text", "quotes"),
    ("tag-value-aws", "tags", {"a": "aws:x"}, ".a", "begins with aws:", "choose another tag value"),
    (
        "tag-value-characters",
        "tags",
        {"a": "50%"},
        ".a",
        "contains characters that IAM refuses in a tag value",
        "use letters",
    ),
    (
        "tag-value-long",
        "tags",
        {"a": "v" * 257},
        ".a",
        "is 257 characters long, where a tag value takes 256",
        "shorten it",
    ),
    ("groups-none", "groups", {}, "", "names no group", "write one with its members"),
    ("groups-list", "groups", ["alice"], "", "is not a map", "indented"),
    (
        "member-unknown-field",
        "groups",
        {"IT-Admins": [{"name": "a", "until": "2027-01-31", "unitl": 1}]},
        ".IT-Admins[0].unitl",
        "is not a field of groups.IT-Admins[0]",
        "did you mean until?",
    ),
    ("member-without-day", "groups", {"IT-Admins": [{"name": "dave"}]}, ".IT-Admins[0]", "lacks its until", "add it"),
    (
        "day-garbage",
        "groups",
        {"IT-Admins": [{"name": "d", "until": "soon"}]},
        ".IT-Admins[0].until",
        "is not a day",
        "2027-01-31",
    ),
    (
        "day-with-time",
        "groups",
        {"IT-Admins": [{"name": "d", "until": "2027-01-31T12:00:00Z"}]},
        ".IT-Admins[0].until",
        "is not a day",
        "2027-01-31",
    ),
    (
        "day-of-no-calendar",
        "groups",
        {"IT-Admins": [{"name": "d", "until": "2027-02-30"}]},
        ".IT-Admins[0].until",
        "not a day of the calendar",
        "correct it",
    ),
    (
        "day-empty",
        "groups",
        {"IT-Admins": [{"name": "d", "until": None}]},
        ".IT-Admins[0].until",
        "is empty",
        "give it",
    ),
    ("roles-list", "roles", ["R"], "", "is not a map", "indented"),
    ("role-text", "roles", {"R": "IT-Admins"}, ".R", "is not a map", "indented"),
    ("role-groups-missing", "roles", {"R": {}}, ".R", "lacks its groups", "add it"),
    ("role-groups-none", "roles", {"R": {"groups": []}}, ".R.groups", "names no group", "name one"),
    (
        "role-group-unknown",
        "roles",
        {"R": {"groups": ["IT-Admin"]}},
        ".R.groups[0]",
        "is no group of delegation:groups",
        "did you mean IT-Admins?",
    ),
    (
        "role-group-repeated",
        "roles",
        {"R": {"groups": ["IT-Admins", "IT-Admins"]}},
        ".R.groups[1]",
        "repeats roles.R.groups[0]",
        "delete one",
    ),
    (
        "role-unknown-field",
        "roles",
        role(maxSessionHour=1),
        ".R.maxSessionHour",
        "is not a field of roles.R",
        "did you mean maxSessionHours?",
    ),
    ("mfa-age-none", "roles", role(mfaMaxAgeHours=0), ".R.mfaMaxAgeHours", "is outside 1 to 12", "choose a number"),
    ("mfa-age-old", "roles", role(mfaMaxAgeHours=13), ".R.mfaMaxAgeHours", "is outside 1 to 12", "choose a number"),
    (
        "session-name-text",
        "roles",
        role(sessionName="yes"),
        ".R.sessionName",
        "is neither true nor false",
        "write true or false",
    ),
    ("only-list", "only", ["IT-Admins"], "", "is not a map", "indented"),
    (
        "only-group-unknown",
        "only",
        {"groups": ["Auditors"]},
        ".groups[0]",
        "is no group of delegation:groups",
        "choose one of IT-Admins",
    ),
    (
        "only-role-unknown",
        "only",
        {"roles": ["tsu-iam-access"]},
        ".roles[0]",
        "is no role of delegation:roles",
        "did you mean TSU-IAM-ACCESS?",
    ),
    ("only-no-group", "only", {"groups": []}, ".groups", "leaves no group", "name one"),
    ("only-no-role", "only", {"roles": []}, ".roles", "leaves no role", "name one"),
    ("only-unknown-field", "only", {"role": ["R"]}, ".role", "is not a field of only", "did you mean roles?"),
    ("revoked-garbage", "revokeSessionsBefore", "now", "", "is not a time", "write it as"),
    ("revoked-without-zone", "revokeSessionsBefore", "2025-11-25T10:00:00", "", "lacks its zone", "write UTC"),
    (
        "revoked-in-future",
        "revokeSessionsBefore",
        "2999-01-01T00:00:00Z",
        "",
        "is in the future",
        "write a time in the past",
    ),
    ("revoked-empty", "revokeSessionsBefore", "", "", "is empty", "give it a value"),
]


def refused(value: Any, place: str) -> Any:
    """The part of `value` that `place` (`[1]`, `.mfa`, `[0].cidr`) points to."""
    for part in re.findall(r"[^.\[\]]+", place):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


@pytest.mark.parametrize(
    ("key", "value", "place", "rule", "fix"), [pytest.param(*row, id=name) for name, *row in REFUSALS]
)
def test_refusal_names_key_value_rule_and_fix(key: str, value: object, place: str, rule: str, fix: str) -> None:
    (problem,) = problems("preprod", {**GOOD, key: value})
    assert problem.startswith(f"{key}{place}: {json.dumps(refused(value, place), ensure_ascii=False)[:70]}")
    assert rule in problem
    assert fix in problem


@pytest.mark.parametrize(
    ("name", "rule", "fix"),
    [
        pytest.param(
            "IT Admins", "contains a space, which IAM refuses in group names", "write IT-Admins", id="group-space"
        ),
        pytest.param(
            "IT&Admins", "contains characters that IAM refuses in group names", "use letters", id="group-characters"
        ),
        pytest.param(
            "g" * 129,
            "is 129 characters long, where IAM takes 128",
            "shorten it",
            id="group-long",
        ),
    ],
)
def test_refused_group_name(name: str, rule: str, fix: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "groups": {"IT-Admins": ["alice"], name: ["bob"]}})
    assert problem.startswith(f"groups.{name}: {json.dumps(name)[:70]}")
    assert rule in problem
    assert fix in problem


@pytest.mark.parametrize(
    ("name", "rule", "fix"),
    [
        pytest.param(
            "IAM ACCESS", "contains a space, which IAM refuses in role names", "write IAM-ACCESS", id="role-space"
        ),
        pytest.param("IAM*", "contains characters that IAM refuses in role names", "use letters", id="role-characters"),
        pytest.param(
            "r" * 65,
            "is 65 characters long, where IAM takes 64",
            "shorten it",
            id="role-long",
        ),
        pytest.param("it/ACCESS", "contains a path", "write only the name", id="role-path"),
        pytest.param("AWSServiceRoleForX", "service-linked roles", "Choose another name", id="role-service"),
        pytest.param("awsreservedsso_x", "IAM Identity Center", "Choose another name", id="role-sso"),
        pytest.param("delegation-deploy", "role management denies", "Choose another name", id="role-bootstrap"),
        pytest.param(
            "organizationaccountaccessrole", "role management denies", "choose another name", id="role-organization"
        ),
    ],
)
def test_refused_role_name(name: str, rule: str, fix: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "roles": {name: {"groups": ["IT-Admins"]}}})
    assert problem.startswith(f"roles.{name}: {json.dumps(name)[:70]}")
    assert rule in problem
    assert fix in problem


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        pytest.param(
            {"A": ["dave"], "B": ["bob", "Dave"]},
            'groups.B[1]: "Dave" is spelt dave in groups.A[0]: write it the same, for IAM ignores case',
            id="spelling",
        ),
        pytest.param(
            {"A": ["dave"], "B": [{"name": "dave", "until": "2027-01-31"}]},
            'groups.B[0]: "dave" has another last day than in groups.A[0]: an end date ends all access of a person',
            id="last-day-in-one",
        ),
        pytest.param(
            {"A": [{"name": "dave", "until": "2027-01-30"}], "B": [{"name": "dave", "until": "2027-01-31"}]},
            'groups.B[0]: "dave" has another last day than in groups.A[0]',
            id="two-last-days",
        ),
        pytest.param(
            {"A": ["dave", {"name": "Dave", "until": "2027-01-31"}]},
            'groups.A[1]: "Dave" repeats groups.A[0] (IAM ignores case): delete one',
            id="twice-in-one-group",
        ),
        pytest.param({"A": ["a1"], "a": ["b1"]}, 'groups.a: "a" is the same group as A to IAM', id="group-s-case"),
        pytest.param(
            {chr(65 + n): ["dave"] for n in range(11)},
            'groups.K[0]: "dave" is in more than the 10 groups that IAM allows a user',
            id="eleven-groups",
        ),
    ],
)
def test_refused_between_groups(groups: Mapping[str, object], said: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "groups": groups, "roles": {"R": {"groups": ["A"]}}})
    assert problem.startswith(said)


def test_one_last_day_in_two_groups_passes() -> None:
    dave = {"name": "dave", "until": "2027-01-31"}
    settings = preprod(groups={"A": [dave], "B": [dave]}, roles={"R": {"groups": ["A"]}})
    assert settings.last_days == {"dave": date(2027, 1, 31)}


def test_role_names_that_differ_in_case_are_one_to_iam() -> None:
    roles = {"R": {"groups": ["IT-Admins"]}, "r": {"groups": ["IT-Admins"]}}
    assert problems("preprod", {**GOOD, "roles": roles}) == (
        'roles.r: "r" is the same role as R to IAM, which ignores case: rename one',
    )


def test_a_session_cannot_be_named_as_a_user_of_one_character() -> None:
    values = {**GOOD, "groups": {"IT-Admins": ["alice", {"name": "z", "until": "2027-01-31"}]}}
    assert preprod(**values)
    (problem,) = problems("preprod", {**values, "roles": role(sessionName=True)})
    assert problem.startswith("roles.R.sessionName: true needs session names of two characters or more")
    assert "z in groups.IT-Admins[1] has one" in problem


@pytest.mark.parametrize(
    ("only", "said"),
    [
        pytest.param(
            {"groups": ["Auditors"], "roles": ["ACCESS"]},
            'only.roles[0]: "ACCESS" is for IT-Admins only, and only.groups leaves none of them',
            id="role-without-its-groups",
        ),
        pytest.param({"groups": ["Idle"]}, 'only.groups: ["Idle"] leaves no role', id="group-without-role"),
    ],
)
def test_narrowing_that_leaves_nothing_is_refused(only: Mapping[str, object], said: str) -> None:
    groups = {"IT-Admins": ["alice"], "Auditors": ["carol"], "Idle": ["dave"]}
    (problem,) = problems("preprod", {**TWO, "groups": groups, "only": only})
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param({"aws:a": ""}, 'tags.aws:a: "aws:a" begins with aws:', id="reserved-prefix"),
        pytest.param({"AWS:a": ""}, 'tags.AWS:a: "AWS:a" begins with aws:', id="reserved-prefix-in-capitals"),
        pytest.param({"a*": ""}, 'tags.a*: "a*" contains characters that IAM refuses in a tag key', id="characters"),
        pytest.param({"": ""}, 'tags.: "" is empty', id="no-key"),
        pytest.param({"k" * 129: ""}, "is 129 characters long, where a tag key takes 128: shorten it", id="long"),
        pytest.param({"Cost": "", "cost": ""}, 'tags: "cost" is the same tag key as Cost to IAM', id="case"),
        pytest.param({str(n): "" for n in range(51)}, "tags: 51 tags are more than the 50", id="too-many"),
    ],
)
def test_refused_tag_key(tags: dict[str, str], expected: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "tags": tags})
    assert expected in problem


def test_fifty_tags_pass() -> None:
    assert len(preprod(tags={str(n): "" for n in range(50)}).tags) == 50


@pytest.mark.parametrize(("count", "passes"), [(10, True), (11, False)])
def test_ten_managed_policies_pass(count: int, passes: bool) -> None:
    arns = [f"arn:aws:iam::aws:policy/P{n}" for n in range(count)]
    if passes:
        assert preprod(roles=role(managedPolicyArns=arns)).roles["R"].managed_policy_arns == tuple(arns)
    else:
        assert problems("preprod", {**GOOD, "roles": role(managedPolicyArns=arns)}) == (
            "roles.R.managedPolicyArns: 11 policies are more than the 10 a role can have: merge some",
        )


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("0.0.0.1", "this network"),
        ("10.0.0.0/8", "private"),
        ("10.1.2.3", "private"),
        ("172.16.0.0/12", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.0/24", "private"),
        ("100.64.0.0/10", "shared"),
        ("100.127.0.1", "shared"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("192.0.0.8", "reserved"),
        ("192.31.196.1", "reserved"),
        ("192.52.193.1", "reserved"),
        ("192.88.99.1", "reserved"),
        ("192.175.48.1", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:10.0.0.1", "IPv4"),
        ("64:ff9b::808:808", "translation"),
        ("64:ff9b:1::/48", "translation"),
        ("2001::1", "Teredo"),
        ("2001:20::1", "reserved"),
        ("2002:808:808::/48", "6to4"),
        ("2620:4f:8000::/48", "reserved"),
        ("fc00::/7", "private"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("100::1", "outside 2000::/3"),
    ],
)
def test_address_that_no_caller_can_have_is_refused(cidr: str, reason: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "staticIps": [cidr]})
    assert problem.startswith(f'staticIps[0]: "{cidr}" is ')
    assert reason in problem


@pytest.mark.parametrize("cidr", ["9.255.255.255", "11.0.0.0", "100.128.0.0", "172.32.0.0", "198.20.0.0", "2003::1"])
def test_address_beside_a_refused_range_passes(cidr: str) -> None:
    (normalized,) = preprod(staticIps=[cidr]).cidrs
    assert normalized.split("/")[0] == cidr


@pytest.mark.parametrize(
    ("cidr", "block"),
    [
        ("192.0.2.1", "192.0.2.0/24"),
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("203.0.113.10", "203.0.113.0/24"),
        ("2001:db8::1", "2001:db8::/32"),
        ("3fff:1::/48", "3fff::/20"),
    ],
)
def test_documentation_address_passes_with_a_warning(cidr: str, block: str) -> None:
    (warning,) = preprod(staticIps=["8.8.8.8", cidr]).warnings(TODAY)
    assert warning.startswith(f"staticIps[1]: {cidr}")
    assert f"lies in {block}" in warning
    assert "replaced" in warning


def test_a_wide_range_passes_with_a_warning_that_tells_its_reason() -> None:
    wide = {"cidr": "2a06:98c0::/29", "reason": "Zoë's  VPN\nvendor"}
    (warning,) = preprod(staticIps=["8.8.8.8", wide, {"cidr": "9.9.9.9", "reason": "branch"}]).warnings(TODAY)
    assert warning == "staticIps[1]: 2a06:98c0::/29 is wider than /48, allowed because: Zoë's VPN vendor"


def test_a_range_with_a_reason_overlaps_as_any_other() -> None:
    (problem,) = problems("preprod", {**GOOD, "staticIps": ["8.8.8.8", {"cidr": "8.8.0.0/16", "reason": "x"}]})
    assert problem == 'staticIps[0]: "8.8.8.8" lies within staticIps[1] (8.8.0.0/16): delete one'


@pytest.mark.parametrize(
    ("name", "shown"),
    [("zoë", '"zoë"'), ("李明", '"李明"'), ("a\x1b[31m", '"a\\u001b[31m"'), ("a\u202eb", '"a\\u202eb"')],
    ids=["accent", "ideographs", "control-characters", "right-to-left-override"],
)
def test_a_name_is_shown_as_typed_unless_a_terminal_would_act_on_it(name: str, shown: str) -> None:
    (problem,) = problems("preprod", {**GOOD, "groups": {"IT-Admins": [name]}})
    assert problem.startswith(f"groups.IT-Admins[0]: {shown} contains characters that IAM refuses in user names")


def test_every_overlap_is_named() -> None:
    cidrs = ["8.8.8.0/24", "8.8.8.8", "9.9.9.9", "8.8.8.0/28", "2606:4700::/48", "2606:4700::1", "9.9.9.9"]
    said = problems("preprod", {**GOOD, "staticIps": cidrs})
    assert [problem.split(":")[0] for problem in said] == [
        "staticIps[1]",
        "staticIps[3]",
        "staticIps[5]",
        "staticIps[6]",
    ]


@pytest.mark.parametrize("key", ["securityAccountId", "targetAccountId", "staticIps"])
def test_missing_key_is_answered_with_the_line_to_add(key: str) -> None:
    (problem,) = problems("preprod", without(key))
    assert problem.startswith(f"{key}: is missing: add a line such as `delegation:{key}: ")
    assert problem.endswith("to Pulumi.preprod.yaml")
    line = problem.split("`")[1]
    example = yaml.safe_load(line)[f"delegation:{key}"]
    assert parse("preprod", {**GOOD, key: example})


@pytest.mark.parametrize("key", ["groups", "roles"])
def test_missing_shared_key_is_answered_with_the_line_to_add(key: str) -> None:
    (problem,) = problems("preprod", without(key))
    assert problem.startswith(f"{key}: is missing: add a line such as `{key}: {{default: ")
    assert problem.endswith("under `config` of Pulumi.yaml")
    example = yaml.safe_load(problem.split("`")[1])[key]["default"]
    assert parse("preprod", {**GOOD, key: example})


def test_items_of_a_tuple_are_compared_like_those_of_a_list() -> None:
    (problem,) = problems("preprod", {**GOOD, "groups": {"IT-Admins": ("alice", "alice")}})
    assert problem.startswith("groups.IT-Admins[1]: ")


def test_refused_target_raises_no_second_problem_about_the_owner_of_a_policy() -> None:
    arn = f"arn:aws:iam::{PREPROD}:policy/P"
    (problem,) = problems("preprod", {**GOOD, "targetAccountId": "2222", "roles": role(managedPolicyArns=[arn])})
    assert problem.startswith("targetAccountId: ")


@pytest.mark.parametrize("empty", [[], ()])
def test_empty_static_ips_count_as_missing(empty: object) -> None:
    (problem,) = problems("preprod", {**GOOD, "staticIps": empty})
    assert problem.startswith("staticIps: is missing")


def test_missing_security_account_in_the_security_stack() -> None:
    (problem,) = problems("security", {"groups": {"G": ["alice"]}})
    assert problem.startswith("securityAccountId: is missing")
    assert "Pulumi.security.yaml" in problem


def test_security_stack_refuses_a_target() -> None:
    (problem,) = problems("security", GOOD)
    assert problem.startswith(f"targetAccountId: \"{PREPROD}\" does not belong in stack 'security'")
    assert problem.endswith("delete it")


PACKED: Mapping[str, object] = {
    "securityAccountId": SECURITY,
    "staticIps": ["8.8.8.8"],
    "groups": {"IT-Admins": ["alice"], "Auditors": ["carol"]},
    "roles": {"ADMIN": {"groups": ["IT-Admins"]}, "AUDIT": {"groups": ["IT-Admins", "Auditors"]}},
    "grants": "packed",
    "targets": {
        "preprod": PREPROD,
        "production": {"accountId": "333333333333", "staticIps": ["9.9.9.9"], "staticIpAt": "session"},
        "staging": {"accountId": "444444444444", "only": {"groups": ["Auditors"]}},
    },
}


@pytest.mark.parametrize(
    ("stack", "account", "cidrs", "at", "roles"),
    [
        ("preprod", PREPROD, ("8.8.8.8/32",), "grant", {"ADMIN": ("IT-Admins",), "AUDIT": ("IT-Admins", "Auditors")}),
        ("production", "333333333333", ("9.9.9.9/32",), "session", None),
        ("staging", "444444444444", ("8.8.8.8/32",), "grant", {"AUDIT": ("Auditors",)}),
    ],
)
def test_a_declared_target_is_as_the_security_stack_but_for_what_differs(
    stack: str, account: str, cidrs: tuple[str, ...], at: str, roles: dict[str, tuple[str, ...]] | None
) -> None:
    target = parse("security", PACKED).target(stack)
    assert (target.stack, target.target_account_id, target.cidrs, target.static_ip_at) == (stack, account, cidrs, at)
    if roles:
        assert {name: role.groups for name, role in target.access_roles.items()} == roles


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"targets": {}}, "targets: is missing: add a line such as `delegation:targets: ", id="none"),
        pytest.param({"targets": {"a": SECURITY}}, f'targets.a: "{SECURITY}" is the Security account', id="security"),
        pytest.param({"targets": {"a": PREPROD, "b": PREPROD}}, "targets.b: ", id="account-twice"),
        pytest.param({"targets": {"security": PREPROD}}, "targets.security: ", id="this-stack"),
        pytest.param({"targets": {"A": PREPROD}}, 'targets.A: "A" cannot be a stack\'s name', id="name"),
        pytest.param(
            {"targets": {"a": 222222222222}}, "targets.a: 222222222222 is not text: put it in quotes", id="number"
        ),
        pytest.param({"targets": {"a": "2222"}}, 'targets.a: "2222" has 4 digits', id="digits"),
        pytest.param({"targets": {"a": {"staticIps": ["8.8.8.8"]}}}, "targets.a: ", id="no-account"),
        pytest.param({"targets": {"a": {"accountId": PREPROD, "ips": []}}}, "targets.a.ips: ", id="unknown-field"),
        pytest.param(
            {"targets": {"a": {"accountId": PREPROD, "staticIps": ["9.9.9.9", "9.9.9.9"]}}},
            'targets.a.staticIps[1]: "9.9.9.9" repeats staticIps[0]',
            id="address-twice",
        ),
        pytest.param(
            {"targets": {"a": {"accountId": PREPROD, "only": {"roles": ["ADMIM"]}}}},
            'targets.a.only.roles[0]: "ADMIM" is no role of delegation:roles: did you mean ADMIN?',
            id="unknown-role",
        ),
        pytest.param(
            {"staticIps": []}, 'targets.preprod: "222222222222" has no static IPs: add them here', id="no-ips"
        ),
        pytest.param({"roles": {}}, "roles: is missing", id="no-roles"),
        pytest.param(
            {"grants": "pack"}, "grants: \"pack\" is not an allowed value: write 'perTarget' or 'packed'", id="grants"
        ),
    ],
)
def test_refused_of_declared_targets(changes: Mapping[str, object], said: str) -> None:
    found = problems("security", {**PACKED, **changes})
    assert any(problem.startswith(said) for problem in found), found


def test_targets_are_needed_for_packed_grants_only() -> None:
    settings = parse("security", {**PACKED, "grants": "perTarget", "targets": {}, "staticIps": []})
    assert settings.targets == {}


def test_a_target_s_stack_declares_no_targets() -> None:
    (problem,) = problems("preprod", {**GOOD, "targets": {"preprod": PREPROD}})
    assert problem.startswith("targets: ")
    assert "move it to the stack security" in problem


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("Groups", "did you mean groups?"),
        ("role", "did you mean roles?"),
        ("staticIPAt", "did you mean staticIpAt?"),
        ("target_account_id", "did you mean targetAccountId?"),
        ("static_ips", "did you mean staticIps?"),
        ("delegaton:trustPolicyQota", "did you mean trustPolicyQuota?"),
        ("xyz", "choose one of securityAccountId, targetAccountId,"),
        # Fields and properties of Settings that are no keys.
        ("stack", "choose one of"),
        ("partition", "choose one of"),
        ("warnings", "choose one of"),
    ],
)
def test_unknown_key_is_refused_with_the_nearest_known_one(key: str, suggestion: str) -> None:
    (problem,) = problems("preprod", {**GOOD, key: "value"})
    assert problem.startswith(f'{key}: "value" ')
    assert suggestion in problem


def test_problems_come_together_in_the_order_of_the_keys() -> None:
    said = problems(
        "preprod",
        {
            "unknown": 1,
            "tags": {"aws:a": "b"},
            "region": "mars-east-1",
            "protect": "on",
            "trustPolicyQuota": 1,
            "createUsers": "yes",
            "userPath": "it",
            "revokeSessionsBefore": "now",
            "only": {"roles": ["nobody"]},
            "roles": {
                "a/b": {
                    "groups": ["IT-Admin"],
                    "managedPolicyArns": ["ReadOnlyAccess"],
                    "maxSessionHours": 13,
                    "roleManagement": {"mfa": 1, "boundaryPolicyArn": "arn:aws:iam::333333333333:policy/B"},
                }
            },
            "groups": {"IT-Admins": ["alice", "ALICE", "a b"]},
            "staticIpAt": "role",
            "staticIps": ["10.0.0.1", "8.8.8.8", "8.8.8.8"],
            "targetAccountId": SECURITY,
            "securityAccountId": SECURITY,
        },
    )
    assert [problem.split(": ")[0] for problem in said] == [
        "targetAccountId",
        "staticIps[0]",
        "staticIps[2]",
        "staticIpAt",
        "groups.IT-Admins[1]",
        "groups.IT-Admins[2]",
        "roles.a/b",
        "roles.a/b.groups[0]",
        "roles.a/b.managedPolicyArns[0]",
        "roles.a/b.maxSessionHours",
        "roles.a/b.roleManagement.boundaryPolicyArn",
        "roles.a/b.roleManagement.mfa",
        "only.roles[0]",
        "revokeSessionsBefore",
        "userPath",
        "createUsers",
        "trustPolicyQuota",
        "protect",
        "region",
        "tags.aws:a",
        "unknown",
    ]


def test_error_reads_as_a_list_under_one_headline() -> None:
    with pytest.raises(SettingsError) as refusal:
        parse("preprod", {**GOOD, "trustPolicyQuota": 0, "protect": 3})
    headline, *rest = str(refusal.value).splitlines()
    assert headline == "The configuration of stack 'preprod' has 2 errors:"
    assert [line.strip() for line in rest] == list(refusal.value.problems)


def test_long_value_is_cut() -> None:
    (problem,) = problems("preprod", {**GOOD, "region": "g" * 5000})
    assert "ggg... is not a known region" in problem
    assert len(problem) < 1000


@pytest.mark.parametrize(
    "region", ["mars-east-1", 5, "", None, ["eu-west-1"]], ids=["unknown", "number", "empty", "null", "list"]
)
def test_refused_region_raises_no_second_problem_about_partitions(region: object) -> None:
    arn = "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"
    (problem,) = problems("preprod", {**GOOD, "region": region, "roles": role(managedPolicyArns=[arn])})
    assert problem.startswith("region: ")


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "",
        0,
        -1,
        1.5,
        float("nan"),
        True,
        "x",
        "\ud800",
        "\x1b[31m",
        [],
        [None],
        [[]],
        {},
        {"a": None},
        [{}],
        10**30,
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", sorted(name for name in Settings.model_json_schema()["properties"] if name != "stack"))
def test_any_value_is_either_refused_under_its_key_or_kept(key: str, junk: object) -> None:
    values = {**GOOD, key: junk}
    try:
        settings = parse("preprod", values)
    except SettingsError as refusal:
        said = refusal.problems
    else:
        assert parse("preprod", dumped(settings)) == settings
        return
    blamed = {re.split(r"[.:\[]", problem)[0] for problem in said}
    # Roles name groups, which may be among those that are gone.
    assert blamed == {key} or (key == "groups" and blamed == {"groups", "roles"})
    assert "\x1b" not in "".join(said)


def file_values(name: str) -> dict[str, object]:
    """Configuration of a stack file or, with its defaults, of the project file; without the namespace."""
    config: dict[str, Any] = yaml.safe_load((TOP / name).read_text())["config"]
    if name == "Pulumi.yaml":
        return {key: entry["default"] for key, entry in config.items() if not key.startswith("pulumi:")}
    return {key.removeprefix("delegation:"): value for key, value in config.items()}


STACKS = sorted(path.name.split(".")[1] for path in TOP.glob("Pulumi.*.yaml"))


def test_there_is_a_file_for_each_stack() -> None:
    assert STACKS == ["preprod", "production", "security"]


@pytest.mark.parametrize("stack", STACKS)
def test_stack_file_parses_with_the_shared_defaults(stack: str) -> None:
    settings = parse(stack, {**file_values("Pulumi.yaml"), **file_values(f"Pulumi.{stack}.yaml")})
    assert settings.security_account_id == SECURITY
    assert settings.members == {"IT-Admins": ("alice", "bob")}
    assert settings.access_roles["TSU-IAM-ACCESS"].role_management == managing(True, READ_ONLY)
    assert settings.target_account_id == {"preprod": PREPROD, "production": "3" * 12}.get(stack)
    assert len(settings.warnings(TODAY)) == 1, "the example address is one for documentation"


def test_shared_defaults_are_the_defaults_of_the_settings() -> None:
    shared = file_values("Pulumi.yaml")
    # Without default in the settings: somebody must be named, for something.
    del shared["groups"], shared["roles"]
    defaults = preprod().model_dump(by_alias=True, mode="json")
    assert shared == {key: defaults[key] for key in shared}
    assert shared


def test_the_project_file_leaves_types_to_the_settings() -> None:
    # The CLI would report one type error, alone and without the value.
    config = yaml.safe_load((TOP / "Pulumi.yaml").read_text())["config"]
    assert [key for key, entry in config.items() if "type" in entry] == []


def test_default_providers_are_disabled_for_every_package() -> None:
    config = yaml.safe_load((TOP / "Pulumi.yaml").read_text())["config"]
    assert config["pulumi:disable-default-providers"] == ["*"]


# As the engine hands it over: text for text, JSON for everything else, empty text for null.
ENGINE_CONFIG = {
    "delegation:securityAccountId": SECURITY,
    "delegation:targetAccountId": PREPROD,
    "delegation:staticIps": '["8.8.8.8"]',
    "delegation:staticIpAt": "both",
    "delegation:groups": '{"123":["alice",{"name":"dave","until":"2027-01-31T00:00:00Z"}]}',
    "delegation:roles": '{"true":{"groups":["123"],"roleManagement":{"mfa":false},"maxSessionHours":2}}',
    "delegation:only": '{"roles":["true"]}',
    "delegation:grants": "packed",
    "delegation:targets": "{}",
    "delegation:revokeSessionsBefore": "2025-11-25 10:00:00 +0000 UTC",
    "delegation:userPath": "/it/",
    "delegation:createUsers": "false",
    "delegation:trustPolicyQuota": "4096",
    "delegation:protect": "true",
    "delegation:region": "eu-west-1",
    "delegation:tags": '{"Team":"IT"}',
    "pulumi:disable-default-providers": '["*"]',
    "aws:region": "eu-west-3",
}
ENGINE_SETTINGS = {
    "securityAccountId": SECURITY,
    "targetAccountId": PREPROD,
    "staticIps": ["8.8.8.8"],
    "staticIpAt": "both",
    "groups": {"123": ["alice", {"name": "dave", "until": "2027-01-31"}]},
    "roles": {"true": {"groups": ["123"], "roleManagement": {"mfa": False}, "maxSessionHours": 2}},
    "only": {"roles": ["true"]},
    "grants": "packed",
    "targets": {},
    "revokeSessionsBefore": "2025-11-25T10:00:00Z",
    "userPath": "/it/",
    "createUsers": False,
    "trustPolicyQuota": 4096,
    "protect": True,
    "region": "eu-west-1",
    "tags": {"Team": "IT"},
}

Load = Callable[[Mapping[str, str]], Settings]


@pytest.fixture
def load_from(run_pulumi: RunPulumi) -> Load:
    """Loads the settings of stack `preprod` from what the engine hands over."""

    def run(config: Mapping[str, str]) -> Settings:
        loaded: list[Settings | SettingsError] = []

        def program() -> None:
            try:
                loaded.append(load())
            except SettingsError as error:
                loaded.append(error)

        run_pulumi(program, stack="preprod", config=config)
        (outcome,) = loaded
        if isinstance(outcome, SettingsError):
            raise outcome
        return outcome

    return run


def test_load_reads_every_key_as_the_engine_writes_it(load_from: Load) -> None:
    assert load_from(ENGINE_CONFIG) == parse("preprod", ENGINE_SETTINGS)
    assert {f"delegation:{key}" for key in ENGINE_SETTINGS} < ENGINE_CONFIG.keys()


def test_every_key_is_among_those_loaded() -> None:
    assert {*ENGINE_SETTINGS, "stack"} == Settings.model_json_schema()["properties"].keys()


def test_load_reads_the_environment_of_the_language_host(load_from: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(ENGINE_CONFIG))
    assert load_from({}) == parse("preprod", ENGINE_SETTINGS)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("delegation:protect", "", 'protect: "" is empty'),
        ("delegation:securityAccountId", "1402433619", 'securityAccountId: "1402433619" has 10 digits'),
        ("delegation:staticIps", "8.8.8.8", 'staticIps: "8.8.8.8" is not a list'),
        ("delegation:staticIps", "[" * 100_000, "is not a list"),
        ("delegation:trustPolicyQuota", "9" * 5_000, "is not a whole number"),
        ("delegation:createUsers", "yes", 'createUsers: "yes" is neither true nor false'),
        ("delegation:role", "x", "did you mean roles?"),
        ("Delegation:roles", "x", "is outside the namespace delegation: did you mean roles?"),
        ("delegaton:roles", "x", "is outside the namespace delegation: did you mean roles?"),
    ],
)
def test_load_refuses(load_from: Load, key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_from({**ENGINE_CONFIG, key: text})
    (problem,) = refusal.value.problems
    assert said in problem


@pytest.mark.parametrize(
    "key", ["securityAccountId", "targetAccountId", "staticIpAt", "revokeSessionsBefore", "userPath", "region"]
)
def test_load_takes_figures_for_text_where_text_belongs(load_from: Load, key: str) -> None:
    try:
        said = str(load_from({**ENGINE_CONFIG, f"delegation:{key}": "7"}))
    except SettingsError as refusal:
        said = str(refusal)
    assert "is not text" not in said
    assert "7" in said
