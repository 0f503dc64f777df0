"""What `settings.parse` and `settings.load` accept, refuse and say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

from settings import RoleManagement, Settings, SettingsError, load, parse
from tests.unit.recording import RunPulumi

TOP = Path(__file__).parents[2]
SECURITY, PREPROD = "111111111111", "222222222222"
GOOD: Mapping[str, object] = {
    "securityAccountId": SECURITY,
    "targetAccountId": PREPROD,
    "staticIps": ["8.8.8.8"],
    "admins": ["alice", "bob"],
}


def preprod(**changes: object) -> Settings:
    """Settings of a good target stack, but for `changes`."""
    return parse("preprod", {**GOOD, **changes})


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in GOOD.items() if name != key}


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
        ("admins", ("alice", "bob")),
        ("user_path", "/"),
        ("create_users", True),
        ("group_name", "IT-Admins"),
        ("role_name", "TSU-IAM-ACCESS"),
        ("managed_policy_arns", ("arn:aws:iam::aws:policy/ReadOnlyAccess",)),
        ("role_management.enabled", True),
        ("role_management.mfa", True),
        ("role_management.boundary_policy_arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("max_session_hours", 1),
        ("trust_policy_quota", 2048),
        ("protect", False),
        ("tags", {}),
        ("warnings", ()),
    ],
)
def test_value_without_any_optional_key(field: str, expected: object) -> None:
    value: object = preprod()
    for name in field.split("."):
        value = getattr(value, name)
    assert value == expected


def test_defaults_pass_the_rules_of_their_own_keys() -> None:
    settings = preprod()
    assert preprod(**settings.model_dump(by_alias=True, mode="json", exclude={"stack"})) == settings


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
    settings = preprod(region=region)
    read_only = f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"
    assert settings.partition == partition
    assert settings.managed_policy_arns == (read_only,)
    assert settings.role_management.boundary_policy_arn == read_only


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
        pytest.param("admins", ["a" * 64], "admins", ("a" * 64,), id="longest-user-name"),
        pytest.param("admins", ["a+=,.@_-1"], "admins", ("a+=,.@_-1",), id="all-characters"),
        pytest.param("userPath", "/it/admins/", "user_path", "/it/admins/", id="path"),
        pytest.param("createUsers", False, "create_users", False, id="existing-users"),
        pytest.param("groupName", "g" * 128, "group_name", "g" * 128, id="longest-group-name"),
        pytest.param("roleName", "r" * 64, "role_name", "r" * 64, id="longest-role-name"),
        pytest.param("roleName", "delegation", "role_name", "delegation", id="no-reserved-prefix"),
        pytest.param("managedPolicyArns", [], "managed_policy_arns", (), id="no-managed-policy"),
        pytest.param(
            "managedPolicyArns",
            [f"arn:aws:iam::{PREPROD}:policy/it/Own"],
            "managed_policy_arns",
            (f"arn:aws:iam::{PREPROD}:policy/it/Own",),
            id="policy-of-the-target",
        ),
        pytest.param("maxSessionHours", 12, "max_session_hours", 12, id="longest-session"),
        pytest.param("trustPolicyQuota", 8192, "trust_policy_quota", 8192, id="highest-quota"),
        pytest.param("tags", {"Éé 1_.:/=+-@": ""}, "tags", {"Éé 1_.:/=+-@": ""}, id="tag-characters"),
        pytest.param("tags", {"k" * 128: "v" * 256}, "tags", {"k" * 128: "v" * 256}, id="longest-tag"),
    ],
)
def test_accepted_value(key: str, value: object, field: str, expected: object) -> None:
    assert getattr(preprod(**{key: value}), field) == expected


def test_role_management_is_merged_over_its_defaults() -> None:
    boundary = f"arn:aws:iam::{PREPROD}:policy/WorkloadBoundary"
    settings = preprod(roleManagement={"mfa": False, "boundaryPolicyArn": boundary})
    assert settings.role_management == RoleManagement.model_validate(
        {"enabled": True, "mfa": False, "boundaryPolicyArn": boundary}
    )


def test_security_stack_takes_static_ips_that_all_stacks_share() -> None:
    assert parse("security", without("targetAccountId")).static_ips == ("8.8.8.8/32",)


def test_security_stack_needs_neither_target_nor_static_ips() -> None:
    settings = parse("security", {"securityAccountId": SECURITY, "admins": ["alice"]})
    assert settings.target_account_id is None
    assert settings.static_ips == ()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        preprod().role_name = "other"


# Key, value, where the problem is said to be, the rule, what to do.
REFUSALS: list[tuple[str, str, object, str, str, str]] = [
    ("id-short", "securityAccountId", "1402433619", "", "has 10 digits", "put it in quotes"),
    ("id-long", "securityAccountId", "1111111111111", "", "has 13 digits", "put it in quotes"),
    ("id-number", "securityAccountId", 111111111111, "", "is not text", "put it in quotes"),
    ("id-dashes", "targetAccountId", "2222-2222-2222", "", "is not an account id", "without dashes"),
    ("id-foreign-digits", "targetAccountId", "٢" * 12, "", "is not an account id", "write its 12 digits"),
    ("id-empty", "securityAccountId", "", "", "is empty", "give it a value"),
    ("target-is-security", "targetAccountId", SECURITY, "", "is the Security account too", "give the account"),
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
        "name the",
    ),
    (
        "wide-too-wide",
        "staticIps",
        [{"cidr": "0.0.0.0/1", "reason": "x"}],
        "[0].cidr",
        "holds 0.0.0.0/8, which is reserved",
        "name the public ranges",
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
        "says nothing",
        "write why",
    ),
    (
        "wide-unknown",
        "staticIps",
        [{"cidr": "8.8.0.0/16", "reason": "x", "resaon": "y"}],
        "[0].resaon",
        "is not a field of staticIps",
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
    ("ip-at", "staticIpAt", "grnat", "", "is none of its values", "write 'grant', 'session' or 'both'"),
    ("admins-none", "admins", [], "", "names nobody", "list at least one IAM user"),
    ("admins-text", "admins", "alice", "", "is not a list", "after a dash"),
    ("admin-number", "admins", [7], "[0]", "is not text", "quotes"),
    (
        "admin-repeated",
        "admins",
        ["alice", "bob", "Alice"],
        "[2]",
        "repeats admins[0] (IAM ignores case)",
        "delete one",
    ),
    ("admin-space", "admins", ["alice b"], "[0]", "holds a space", "write alice-b"),
    ("admin-blank", "admins", [" "], "[0]", "holds characters that IAM refuses in user names", "use letters"),
    ("admin-arn", "admins", ["user/alice"], "[0]", "holds characters that IAM refuses in user names", "use letters"),
    ("admin-wildcard", "admins", ["*"], "[0]", "holds characters that IAM refuses in user names", "use letters"),
    ("admin-umlaut", "admins", ["jürgen"], "[0]", "holds characters that IAM refuses in user names", "use letters"),
    ("admin-newline", "admins", ["alice\n"], "[0]", "holds a space", "write alice"),
    ("admin-long", "admins", ["a" * 65], "[0]", "is 65 characters long, where IAM takes 64", "shorten it"),
    ("path-relative", "userPath", "it/", "", "is not a path", "begin and end it with /"),
    ("path-open", "userPath", "/it", "", "is not a path", "begin and end it with /"),
    ("path-doubled", "userPath", "//", "", "is not a path", "begin and end it with /"),
    ("path-wildcard", "userPath", "/*/", "", "is not a path", "of letters, digits"),
    ("path-long", "userPath", f"/{'a' * 511}/", "", "is 513 characters long, where IAM takes 512", "shorten it"),
    ("create-users-text", "createUsers", "no", "", "is not a yes or no", "write true or false"),
    ("create-users-number", "createUsers", 1, "", "is not a yes or no", "write true or false"),
    ("group-space", "groupName", "IT Admins", "", "holds a space, which IAM refuses in group names", "write IT-Admins"),
    (
        "group-characters",
        "groupName",
        "IT&Admins",
        "",
        "holds characters that IAM refuses in group names",
        "use letters",
    ),
    ("group-long", "groupName", "g" * 129, "", "is 129 characters long, where IAM takes 128", "shorten it"),
    ("role-space", "roleName", "IAM ACCESS", "", "holds a space, which IAM refuses in role names", "write IAM-ACCESS"),
    ("role-characters", "roleName", "IAM*", "", "holds characters that IAM refuses in role names", "use letters"),
    ("role-long", "roleName", "r" * 65, "", "is 65 characters long, where IAM takes 64", "shorten it"),
    ("role-path", "roleName", "it/ACCESS", "", "holds a path", "give the name alone"),
    ("role-service", "roleName", "AWSServiceRoleForX", "", "service-linked roles", "Choose another name"),
    ("role-sso", "roleName", "awsreservedsso_x", "", "IAM Identity Center", "Choose another name"),
    ("role-bootstrap", "roleName", "delegation-deploy", "", "role management denies", "Choose another name"),
    (
        "role-organization",
        "roleName",
        "organizationaccountaccessrole",
        "",
        "role management denies",
        "choose another name",
    ),
    ("arn-text", "managedPolicyArns", "ReadOnlyAccess", "", "is not a list", "after a dash"),
    (
        "arn-name",
        "managedPolicyArns",
        ["ReadOnlyAccess"],
        "[0]",
        "is not the ARN of a managed policy",
        "write one such as",
    ),
    (
        "arn-role",
        "managedPolicyArns",
        ["arn:aws:iam::aws:role/R"],
        "[0]",
        "is not the ARN of a managed policy",
        "such as",
    ),
    ("arn-wildcard", "managedPolicyArns", ["arn:aws:iam::aws:policy/*"], "[0]", "is not the ARN", "write one such as"),
    (
        "arn-partition",
        "managedPolicyArns",
        ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"],
        "[0]",
        "is of another partition than the region",
        "begin it with arn:aws:",
    ),
    (
        "arn-account",
        "managedPolicyArns",
        [f"arn:aws:iam::{SECURITY}:policy/P"],
        "[0]",
        "is of another account",
        "make the policy there",
    ),
    (
        "arn-repeated",
        "managedPolicyArns",
        ["arn:aws:iam::aws:policy/ReadOnlyAccess"] * 2,
        "[1]",
        "repeats managedPolicyArns[0]",
        "delete one",
    ),
    ("management-text", "roleManagement", True, "", "is not a map", "indented"),
    ("management-null", "roleManagement", "", "", "is empty", "give it a value"),
    ("management-unknown", "roleManagement", {"mffa": True}, ".mffa", "is not a field of roleManagement", "mean mfa?"),
    (
        "management-python-name",
        "roleManagement",
        {"boundary_policy_arn": "x"},
        ".boundary_policy_arn",
        "is not a field",
        "boundaryPolicyArn?",
    ),
    ("management-mfa", "roleManagement", {"mfa": "yes"}, ".mfa", "is not a yes or no", "write true or false"),
    ("management-enabled", "roleManagement", {"enabled": None}, ".enabled", "is empty", "give it a value"),
    (
        "boundary-name",
        "roleManagement",
        {"boundaryPolicyArn": "ReadOnlyAccess"},
        ".boundaryPolicyArn",
        "is not the ARN of a managed policy",
        "write one such as",
    ),
    ("boundary-number", "roleManagement", {"boundaryPolicyArn": 5}, ".boundaryPolicyArn", "is not text", "quotes"),
    (
        "boundary-partition",
        "roleManagement",
        {"boundaryPolicyArn": "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"},
        ".boundaryPolicyArn",
        "is of another partition than the region",
        "begin it with arn:aws:",
    ),
    (
        "boundary-account",
        "roleManagement",
        {"boundaryPolicyArn": "arn:aws:iam::333333333333:policy/B"},
        ".boundaryPolicyArn",
        "is of another account",
        "make the policy there",
    ),
    ("hours-none", "maxSessionHours", 0, "", "is outside 1 to 12", "choose a number of hours"),
    ("hours-many", "maxSessionHours", 13, "", "is outside 1 to 12", "choose a number of hours"),
    ("hours-half", "maxSessionHours", 1.5, "", "is not a whole number", "write it in digits"),
    ("hours-text", "maxSessionHours", "2h", "", "is not a whole number", "write it in digits"),
    ("hours-yes", "maxSessionHours", True, "", "is not a whole number", "write it in digits"),
    ("quota-low", "trustPolicyQuota", 2047, "", "is outside 2048 to 8192", "choose a number of characters"),
    ("quota-high", "trustPolicyQuota", 8193, "", "is outside 2048 to 8192", "choose a number of characters"),
    ("protect-text", "protect", "on", "", "is not a yes or no", "write true or false"),
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
        "holds characters that IAM refuses in a tag value",
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
]


def refused(value: Any, place: str) -> Any:
    """The part of `value` that `place` (`[1]`, `.mfa`, `[0].cidr`) points to."""
    for part in re.findall(r"[^.\[\]]+", place):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


@pytest.mark.parametrize(
    ("key", "value", "place", "rule", "mend"), [pytest.param(*row, id=name) for name, *row in REFUSALS]
)
def test_refusal_names_key_value_rule_and_mend(key: str, value: object, place: str, rule: str, mend: str) -> None:
    (problem,) = problems("preprod", {**GOOD, key: value})
    assert problem.startswith(f"{key}{place}: {json.dumps(refused(value, place), ensure_ascii=False)[:70]}")
    assert rule in problem
    assert mend in problem


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param({"aws:a": ""}, 'tags.aws:a: "aws:a" begins with aws:', id="reserved-prefix"),
        pytest.param({"AWS:a": ""}, 'tags.AWS:a: "AWS:a" begins with aws:', id="reserved-prefix-in-capitals"),
        pytest.param({"a*": ""}, 'tags.a*: "a*" holds characters that IAM refuses in a tag key', id="characters"),
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
        assert preprod(managedPolicyArns=arns).managed_policy_arns == tuple(arns)
    else:
        assert problems("preprod", {**GOOD, "managedPolicyArns": arns}) == (
            "managedPolicyArns: 11 policies are more than the 10 a role can have: merge some",
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
    (warning,) = preprod(staticIps=["8.8.8.8", cidr]).warnings
    assert warning.startswith(f"staticIps[1]: {cidr}")
    assert f"lies in {block}" in warning
    assert "replaced" in warning


def test_a_wide_range_passes_with_a_warning_that_tells_its_reason() -> None:
    wide = {"cidr": "2a06:98c0::/29", "reason": "Zoë's  VPN\nvendor"}
    (warning,) = preprod(staticIps=["8.8.8.8", wide, {"cidr": "9.9.9.9", "reason": "branch"}]).warnings
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
    (problem,) = problems("preprod", {**GOOD, "admins": [name]})
    assert problem.startswith(f"admins[0]: {shown} holds characters that IAM refuses in user names")


def test_every_overlap_is_named() -> None:
    cidrs = ["8.8.8.0/24", "8.8.8.8", "9.9.9.9", "8.8.8.0/28", "2606:4700::/48", "2606:4700::1", "9.9.9.9"]
    said = problems("preprod", {**GOOD, "staticIps": cidrs})
    assert [problem.split(":")[0] for problem in said] == [
        "staticIps[1]",
        "staticIps[3]",
        "staticIps[5]",
        "staticIps[6]",
    ]


@pytest.mark.parametrize("key", ["securityAccountId", "targetAccountId", "staticIps", "admins"])
def test_missing_key_is_answered_with_the_line_to_add(key: str) -> None:
    (problem,) = problems("preprod", without(key))
    assert problem.startswith(f"{key}: is missing: add a line such as `delegation:{key}: ")
    assert problem.endswith("to Pulumi.preprod.yaml")
    line = problem.split("`")[1]
    example = yaml.safe_load(line)[f"delegation:{key}"]
    assert parse("preprod", {**GOOD, key: example})


def test_items_of_a_tuple_are_compared_like_those_of_a_list() -> None:
    (problem,) = problems("preprod", {**GOOD, "admins": ("alice", "alice")})
    assert problem.startswith("admins[1]: ")


def test_refused_target_raises_no_second_problem_about_the_owner_of_a_policy() -> None:
    arn = f"arn:aws:iam::{PREPROD}:policy/P"
    (problem,) = problems("preprod", {**GOOD, "targetAccountId": "2222", "managedPolicyArns": [arn]})
    assert problem.startswith("targetAccountId: ")


@pytest.mark.parametrize("empty", [[], ()])
def test_empty_static_ips_count_as_missing(empty: object) -> None:
    (problem,) = problems("preprod", {**GOOD, "staticIps": empty})
    assert problem.startswith("staticIps: is missing")


def test_missing_security_account_in_the_security_stack() -> None:
    (problem,) = problems("security", {"admins": ["alice"]})
    assert problem.startswith("securityAccountId: is missing")
    assert "Pulumi.security.yaml" in problem


def test_security_stack_refuses_a_target() -> None:
    (problem,) = problems("security", GOOD)
    assert problem.startswith(f"targetAccountId: \"{PREPROD}\" has no place in stack 'security'")
    assert problem.endswith("delete it")


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("rolename", "did you mean roleName?"),
        ("adminss", "did you mean admins?"),
        ("staticIPAt", "did you mean staticIpAt?"),
        ("target_account_id", "did you mean targetAccountId?"),
        ("static_ips", "did you mean staticIps?"),
        ("delegaton:maxSessionHour", "did you mean maxSessionHours?"),
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
            "maxSessionHours": 13,
            "roleManagement": {"mfa": 1, "boundaryPolicyArn": "arn:aws:iam::333333333333:policy/B"},
            "managedPolicyArns": ["ReadOnlyAccess"],
            "roleName": "a/b",
            "groupName": "IT Admins",
            "createUsers": "yes",
            "userPath": "it",
            "admins": ["alice", "ALICE", "a b"],
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
        "admins[1]",
        "admins[2]",
        "userPath",
        "createUsers",
        "groupName",
        "roleName",
        "managedPolicyArns[0]",
        "roleManagement.boundaryPolicyArn",
        "roleManagement.mfa",
        "maxSessionHours",
        "trustPolicyQuota",
        "protect",
        "region",
        "tags.aws:a",
        "unknown",
    ]


def test_error_reads_as_a_list_under_one_headline() -> None:
    with pytest.raises(SettingsError) as refusal:
        parse("preprod", {**GOOD, "maxSessionHours": 0, "protect": 3})
    headline, *rest = str(refusal.value).splitlines()
    assert headline == "The configuration of stack 'preprod' has 2 errors:"
    assert [line.strip() for line in rest] == list(refusal.value.problems)


def test_long_value_is_cut() -> None:
    (problem,) = problems("preprod", {**GOOD, "groupName": "g" * 5000})
    assert "ggg... is 5000 characters long" in problem
    assert len(problem) < 200


@pytest.mark.parametrize(
    "region", ["mars-east-1", 5, "", None, ["eu-west-1"]], ids=["unknown", "number", "empty", "null", "list"]
)
def test_refused_region_raises_no_second_problem_about_partitions(region: object) -> None:
    arn = "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"
    (problem,) = problems("preprod", {**GOOD, "region": region, "managedPolicyArns": [arn]})
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
        assert parse("preprod", settings.model_dump(by_alias=True, mode="json", exclude={"stack"})) == settings
        return
    assert {re.split(r"[.:\[]", problem)[0] for problem in said} == {key}
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
    assert settings.admins == ("alice", "bob")
    assert settings.target_account_id == {"preprod": PREPROD, "production": "3" * 12}.get(stack)
    assert len(settings.warnings) == 1, "the example address is one for documentation"


def test_shared_defaults_are_the_defaults_of_the_settings() -> None:
    shared = file_values("Pulumi.yaml")
    shared.pop("admins")  # without default in the settings: somebody must be named
    defaults = preprod().model_dump(by_alias=True, mode="json")
    assert shared == {key: defaults[key] for key in shared}
    assert {"groupName", "roleName"} <= shared.keys()


def test_default_providers_are_disabled_for_every_package() -> None:
    config = yaml.safe_load((TOP / "Pulumi.yaml").read_text())["config"]
    assert config["pulumi:disable-default-providers"] == ["*"]


# As the engine hands it over: text for text, JSON for everything else, empty text for null.
ENGINE_CONFIG = {
    "delegation:securityAccountId": SECURITY,
    "delegation:targetAccountId": PREPROD,
    "delegation:staticIps": '["8.8.8.8"]',
    "delegation:staticIpAt": "both",
    "delegation:admins": '["alice"]',
    "delegation:userPath": "/it/",
    "delegation:createUsers": "false",
    "delegation:groupName": "123",
    "delegation:roleName": "true",
    "delegation:managedPolicyArns": "[]",
    "delegation:roleManagement": '{"enabled":false}',
    "delegation:maxSessionHours": "2",
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
    "admins": ["alice"],
    "userPath": "/it/",
    "createUsers": False,
    "groupName": "123",
    "roleName": "true",
    "managedPolicyArns": [],
    "roleManagement": {"enabled": False},
    "maxSessionHours": 2,
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
        ("delegation:maxSessionHours", "9" * 5_000, "is not a whole number"),
        ("delegation:createUsers", "yes", 'createUsers: "yes" is not a yes or no'),
        ("delegation:rolename", "x", "did you mean roleName?"),
        ("Delegation:roleName", "x", "is outside the namespace delegation: did you mean roleName?"),
        ("delegaton:roleName", "x", "is outside the namespace delegation: did you mean roleName?"),
    ],
)
def test_load_refuses(load_from: Load, key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_from({**ENGINE_CONFIG, key: text})
    (problem,) = refusal.value.problems
    assert said in problem


@pytest.mark.parametrize(
    "key", ["securityAccountId", "targetAccountId", "staticIpAt", "userPath", "groupName", "roleName", "region"]
)
def test_load_takes_figures_for_text_where_text_belongs(load_from: Load, key: str) -> None:
    try:
        said = str(load_from({**ENGINE_CONFIG, f"delegation:{key}": "7"}))
    except SettingsError as refusal:
        said = str(refusal)
    assert "is not text" not in said
    assert "7" in said
