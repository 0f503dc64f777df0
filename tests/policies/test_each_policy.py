"""Each policy: what passes, what fails, and what it makes of a document that is missing, unknown, malformed, exempt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from delegation_pack.catalogue import CATALOGUE

from components import documents
from tests.policies.documents_under_test import (
    ADDRESS,
    ADMINISTRATOR,
    ALICE,
    BOUNDED,
    CHANGES,
    GRANT,
    MANAGEMENT,
    MFA,
    MFA_IF_EXISTS,
    READ_ONLY,
    READS,
    ROLE,
    SELF_SERVICE,
    SESSION_DENY,
    allow,
    attachment,
    deny,
    document,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.running import BY_NAME, CONFIG, ELSEWHERE, NETWORK, SECURITY, TARGET, UNKNOWN, Made, judge

SERVICE = {"Service": "ec2.amazonaws.com"}
OWN_ROLE = {"AWS": f"arn:aws:iam::{TARGET}:role/app"}
HALF = document(*(allow(f"s3:Get{i:03}", f"arn:aws:s3:::bucket-{i:03}") for i in range(40)))
LONG = document(*(allow(f"s3:Get{i:04}", f"arn:aws:s3:::bucket-{i:04}") for i in range(90)))


@dataclass(frozen=True)
class Case:
    policy: str
    outcome: str
    """pass, fail, missing, unknown or malformed."""
    id: str
    made: tuple[Made, ...]
    says: str = ""
    """Part of the message."""
    settings: Mapping[str, Any] | None = None
    """The policy's configuration, in place of the usual one."""


def on_documents(policy: str, carrier: Callable[..., Made]) -> list[Case]:
    """What every policy makes of a document that it cannot read."""
    without = Made(type=carrier({}).type, inputs={}, name="bare")
    return [
        Case(policy, "missing", "no document", (without,), "is missing"),
        Case(policy, "unknown", "unknown", (carrier(UNKNOWN),), "is not known before the update"),
        Case(policy, "unknown", "unknown within a text", (carrier(f'{{"Id": "{UNKNOWN}"}}'),), "not known before"),
        Case(policy, "unknown", "unknown within an object", (_object(carrier, {"Statement": [UNKNOWN]}),), "not known"),
        Case(policy, "malformed", "not JSON", (carrier("{"),), "cannot be verified"),
        Case(policy, "malformed", "a number", (carrier(3),), "cannot be verified"),
        Case(policy, "malformed", "no statement", (carrier(document()),), "cannot be verified"),
        Case(policy, "malformed", "unknown element", (carrier({**READS, "statement": []}),), "cannot be verified"),
        Case(policy, "malformed", "a name twice", (carrier('{"Statement": [], "Statement": []}'),), "twice"),
    ]


def _object(carrier: Callable[..., Made], content: Mapping[str, Any]) -> Made:
    made = carrier({})
    key = "assumeRolePolicy" if "assumeRolePolicy" in made.inputs else "policy"
    return Made(type=made.type, name=made.name, account=made.account, inputs={**made.inputs, key: content})


def rows(policy: str, outcome: str, says: str, **made: Any) -> list[Case]:
    """Cases of one outcome, by their ids."""
    return [
        Case(policy, outcome, key.replace("_", " "), one if isinstance(one, tuple) else (one,), says)
        for key, one in made.items()
    ]


TRUST_MFA = [
    *on_documents("iam-trust-requires-mfa", role),
    *rows(
        "iam-trust-requires-mfa",
        "pass",
        "",
        bool_true=role(),
        as_an_object=_object(role, trust()),
        young_mfa=role(trust(condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
        deny_without_mfa=role(
            document(
                {**trust(condition={})["Statement"][0]},
                {
                    **trust(condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})["Statement"][0],
                    "Effect": "Deny",
                },
            )
        ),
        service=role(trust(SERVICE, {})),
        own_role=role(trust(OWN_ROLE, {})),
        identity_provider=role(
            trust(
                {"Federated": "arn:aws:iam::222222222222:oidc-provider/x"}, {}, Action="sts:AssumeRoleWithWebIdentity"
            )
        ),
    ),
    *rows(
        "iam-trust-requires-mfa",
        "fail",
        "without MFA",
        no_condition=role(trust(condition={})),
        if_exists=role(trust(condition=MFA_IF_EXISTS)),
        present=role(trust(condition={"Null": {"aws:MultiFactorAuthPresent": "false"}})),
        another_account=role(trust({"AWS": ELSEWHERE}, {})),
        own_role_of_an_unknown_account=role(trust(OWN_ROLE, {}), account=None),
        everybody=role(trust("*", {})),
        second_spelling=Made(
            type="aws:iam/role:Role",
            inputs={
                "assumeRolePolicy": trust(),
                "assume_role_policy": trust(condition={}),
            },
        ),
        native=Made(type="aws-native:iam:Role", inputs={"assumeRolePolicyDocument": trust(condition={})}),
    ),
]
TRUST_USERS = [
    *on_documents("iam-trust-names-users-only", role),
    *rows(
        "iam-trust-names-users-only",
        "pass",
        "",
        user=role(),
        users=role(trust({"AWS": [ALICE, f"arn:aws:iam::{SECURITY}:user/staff/bob"]})),
        service=role(trust(SERVICE, {})),
        own_role=role(trust(OWN_ROLE, {})),
        account_denied=role(
            document(
                trust({"AWS": ELSEWHERE})["Statement"][0],
                {**trust("*", {})["Statement"][0], "Effect": "Deny"},
            )
        ),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "which is everybody",
        wildcard=role(trust("*")),
        all_aws=role(trust({"AWS": "*"})),
        all_but_one=role(
            document({"Effect": "Allow", "NotPrincipal": {"AWS": ALICE}, "Action": "sts:*", "Condition": MFA})
        ),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a whole account",
        root=role(trust({"AWS": f"arn:aws:iam::{SECURITY}:root"})),
        account_id=role(trust({"AWS": [ALICE, SECURITY]})),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a user of another account",
        foreign=role(trust({"AWS": ALICE.replace(SECURITY, ELSEWHERE)})),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a role of another account",
        foreign_role=role(trust({"AWS": f"arn:aws:iam::{SECURITY}:role/x"})),
    ),
    *rows("iam-trust-names-users-only", "fail", "was deleted", unique_id=role(trust({"AWS": "AIDAEXAMPLEEXAMPLE123"}))),
    Case(
        "iam-trust-names-users-only",
        "fail",
        "not an admin",
        (role(),),
        "not one of adminUsers",
        {"adminUsers": ["bob"]},
    ),
    Case("iam-trust-names-users-only", "pass", "an admin", (role(),), "", {"adminUsers": ["alice"]}),
    Case("iam-trust-names-users-only", "pass", "no configuration", (role(),), "", {}),
]


def grants(policy: str, says: str, fail: dict[str, Any], passing: dict[str, Any]) -> list[Case]:
    return [
        *on_documents(policy, group_policy),
        *on_documents(policy, managed),
        *rows(
            policy,
            "pass",
            "",
            safe=group_policy(GRANT),
            as_an_object=_object(group_policy, GRANT),
            managed=managed(GRANT),
            reads=group_policy(READS),
            own_account=group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/x"))),
            read_only_attached=attachment(READ_ONLY),
            denied=group_policy(document(allow("sts:AssumeRole"), deny("sts:Assume*"))),
            boundary_only=_boundary(document(allow("*"))),
            **passing,
        ),
        *rows(
            policy,
            "fail",
            says,
            everything=group_policy(document(allow("*"))),
            on_a_role=role_policy(document(allow("sts:*"))),
            managed=managed(document(allow("sts:AssumeRole"))),
            inline=role(inlinePolicies=[{"name": "x", "policy": document(allow("sts:assumerole"))}]),
            inline_in_snake_case=role(inline_policies=[{"name": "x", "policy": document(allow("sts:assumerole"))}]),
            boundary_and_attached=_boundary(document(allow("*")), attached=True),
            all_but_s3=group_policy(document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})),
            **fail,
        ),
        *rows(
            policy,
            "fail",
            "which AWS maintains",
            attached=attachment(ADMINISTRATOR),
            attached_to_a_group=attachment(ADMINISTRATOR, to="group"),
            in_another_partition=attachment(ADMINISTRATOR.replace("arn:aws:", "arn:aws-cn:")),
            with_the_role=role(managedPolicyArns=[READ_ONLY, ADMINISTRATOR]),
            exclusively=Made(
                type="aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
                inputs={"roleName": "x", "policyArns": [ADMINISTRATOR]},
            ),
            to_a_permission_set=Made(
                type="aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
                inputs={"managedPolicyArn": ADMINISTRATOR},
            ),
        ),
        Case(policy, "unknown", "attached", (attachment(UNKNOWN),), "policyArn is not known"),
        Case(policy, "pass", "attached from the stack", _attached_from_stack()),
        Case(policy, "missing", "attached", (attachment(None),), "cannot be verified"),
        Case(policy, "malformed", "attached", (attachment("AdministratorAccess"),), "not the ARN"),
    ]


def _boundary(content: Any, *, attached: bool = False) -> tuple[Made, ...]:
    boundary = managed(content, name="boundary")
    arn = f"arn:aws:iam::{TARGET}:policy/boundary"
    bound = role(permissionsBoundary=arn)
    return (boundary, bound, *([attachment(arn)] if attached else []))


def _attached_by_name() -> tuple[Made, ...]:
    reference = {"name": "boundary", "path": "/"}
    kind = "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment"
    return (
        *_boundary(document(allow("*"))),
        Made(type=kind, name="sso", inputs={"customerManagedPolicyReference": reference}),
    )


def _boundary_by_name() -> tuple[Made, ...]:
    kind = "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment"
    reference = {"customerManagedPolicyReference": {"name": "boundary", "path": "/"}}
    return managed(document(allow("*")), name="boundary"), Made(type=kind, inputs={"permissionsBoundary": reference})


def _boundary_that_attaches_itself(**to: Any) -> tuple[Made, ...]:
    inputs = {"managedPolicyName": "boundary", "policyDocument": document(allow("*")), **to}
    return Made(type="aws-native:iam:ManagedPolicy", name="own", inputs=inputs), _boundary({})[1]


def _attached_from_stack() -> tuple[Made, ...]:
    policy, one = managed(GRANT), attachment(UNKNOWN)
    tied = Made(type=one.type, name=one.name, inputs=one.inputs, sources={"policyArn": [policy]})
    return policy, tied


def _with_old_deny() -> Made:
    """A role whose session Deny is what AWS had before an update that takes it away."""
    one = role()
    before = {**one.inputs, "inlinePolicies": [{"name": "x", "policy": SESSION_DENY}]}
    return Made(type=one.type, name=one.name, inputs=one.inputs, outputs=before)


def _elsewhere(**condition: Any) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x", **condition))


def _on_role(**condition: Any) -> Made:
    return group_policy(document(allow("sts:AssumeRole", ROLE, **condition)))


NO_ADDRESS = _on_role(**MFA)
ASSUME = [
    *grants(
        "iam-assume-role-requires-mfa",
        "without MFA",
        {"if_exists": _on_role(**MFA_IF_EXISTS), "session_without": role_policy(_elsewhere())},
        {"if_exists_in_a_session": role_policy(_elsewhere(**MFA_IF_EXISTS))},
    ),
    *grants(
        "iam-assume-role-requires-source-ip",
        f"from outside {NETWORK}",
        {
            "wider": _on_role(IpAddress={"aws:SourceIp": "203.0.113.0/24"}),
            "if_exists": _on_role(IpAddressIfExists={"aws:SourceIp": NETWORK}),
        },
        {"plain_address": _on_role(IpAddress={"aws:SourceIp": "203.0.113.10"})},
    ),
    *grants(
        "iam-assume-role-names-roles",
        "does not name",
        {"wildcard": group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*", **MFA)))},
        {"two_names": group_policy(document(allow("sts:AssumeRole", [ROLE, ROLE + "2"])))},
    ),
]
_NARROW = role_policy(document(deny("s3:*", NotIpAddress={"aws:SourceIp": NETWORK})))
_WIDE = role_policy(document(deny("*", NotIpAddress={"aws:SourceIp": "203.0.113.0/24"})))
_EXCEPTING = role_policy(
    document(
        {
            "Effect": "Deny",
            "NotAction": "s3:Get*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": NETWORK}},
        }
    )
)
MODES = [
    Case("iam-assume-role-requires-source-ip", outcome, key, made, says, settings)
    for key, outcome, says, made, settings in (
        ("no networks configured", "missing", "allowedCidrs is not in", (group_policy(GRANT),), {}),
        ("no networks and no grant", "pass", "", (group_policy(READS),), {}),
        ("no network allowed", "fail", "from outside every network", (group_policy(GRANT),), {"allowedCidrs": []}),
        ("no network", "malformed", "no address or CIDR", (group_policy(GRANT),), {"allowedCidrs": ["x"]}),
        ("no cidr", "malformed", "no address or CIDR", (group_policy(GRANT),), {"allowedCidrs": [{"reason": "x"}]}),
        (
            "wide network",
            "pass",
            "",
            (group_policy(GRANT),),
            {"allowedCidrs": [{"cidr": "203.0.0.0/16", "reason": "x"}]},
        ),
        ("no mode", "malformed", "mode is 'x'", (group_policy(GRANT),), {"allowedCidrs": [NETWORK], "mode": "x"}),
    )
] + [
    Case(
        "iam-assume-role-requires-source-ip",
        outcome,
        f"{mode}, {key}",
        made,
        says,
        {"allowedCidrs": [NETWORK], "mode": mode},
    )
    for mode, key, outcome, says, made in (
        ("session", "role denies", "pass", "", (NO_ADDRESS, role(), role_policy(SESSION_DENY))),
        ("session", "inline", "pass", "", (NO_ADDRESS, role(inlinePolicies=[{"name": "x", "policy": SESSION_DENY}]))),
        ("session", "nothing denied", "fail", "from outside", (NO_ADDRESS, role())),
        ("session", "some denied", "fail", "from outside", (NO_ADDRESS, role(), _NARROW)),
        ("session", "all but some denied", "fail", "from outside", (NO_ADDRESS, role(), _EXCEPTING)),
        ("session", "wider denied", "fail", "from outside", (NO_ADDRESS, role(), _WIDE)),
        ("session", "role elsewhere", "fail", "from outside", (NO_ADDRESS,)),
        ("session", "address in the grant", "pass", "", (group_policy(GRANT),)),
        ("session", "a Deny that goes", "fail", "from outside", (NO_ADDRESS, _with_old_deny())),
        ("both", "both", "pass", "", (group_policy(GRANT), role(), role_policy(SESSION_DENY))),
        ("both", "grant only", "fail", "as mode both asks", (group_policy(GRANT), role())),
        ("both", "role only", "fail", "from outside", (NO_ADDRESS, role(), role_policy(SESSION_DENY))),
    )
]


def _changing(action: str | list[str] = "iam:CreateRole", **condition: Any) -> dict[str, Any]:
    return document(allow(action, f"arn:aws:iam::{TARGET}:role/*", **condition))


OWN_BOUNDARY = f"arn:aws:iam::{TARGET}:policy/boundary"
OWN_BOUNDED: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": OWN_BOUNDARY}}
NEW_BOUNDARY = allow(["iam:DeletePolicy", "iam:CreatePolicy"], **MFA, **ADDRESS)
CLOSED = document(allow("*"), deny(["account:*", "iam:*", "organizations:*", "sts:Assume*"]))


def _beside(
    *statements: dict[str, Any], managing: Mapping[str, Any] = MANAGEMENT, of: str = "ACCESS"
) -> tuple[Made, ...]:
    """Role management, and a second inline policy of a role."""
    return role(), role_policy(managing), role_policy(document(*statements), name="second", role=of)


def _attached_beside(arn: str, *more: Made) -> tuple[Made, ...]:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attached = Made(type=kind, name="attached", inputs={"role": "ACCESS", "policyArn": arn})
    return role(), role_policy(MANAGEMENT), attached, *more


def _inline_beside() -> Made:
    both = [
        {"name": str(i), "policy": json.dumps(one)}
        for i, one in enumerate([MANAGEMENT, document(allow("iam:PassRole"))])
    ]
    return role(inlinePolicies=both)


def _group_beside() -> tuple[Made, ...]:
    managing = group_policy(_changing(**BOUNDED), account=TARGET)
    return managing, group_policy(document(allow("iam:PassRole")), name="second", account=TARGET)


MANAGEMENT_CASES = [
    case
    for policy, says, passing, failing in (
        (
            "iam-role-management-requires-mfa",
            "without MFA",
            {"if_exists_in_a_session": role_policy(_changing(**MFA_IF_EXISTS)), "bool": group_policy(_changing(**MFA))},
            {
                "if_exists_of_a_user": group_policy(_changing(**MFA_IF_EXISTS), account=TARGET),
                "tags": role_policy(_changing("iam:TagRole")),
            },
        ),
        (
            "iam-role-management-requires-source-ip",
            f"from outside {NETWORK}",
            {"address": role_policy(_changing(**ADDRESS))},
            {"a_VPC": role_policy(_changing(IpAddress={"aws:VpcSourceIp": NETWORK}))},
        ),
        (
            "iam-role-management-is-bounded",
            "",
            {
                "own_boundary": role_policy(
                    _changing(StringEquals={"iam:PermissionsBoundary": f"arn:aws:iam::{TARGET}:policy/b"})
                ),
                "own_account": role_policy(
                    _changing(StringEquals={"iam:PermissionsBoundary": "arn:aws:iam::${aws:PrincipalAccount}:policy/b"})
                ),
                "passing_roles_only": role_policy(document(allow("iam:PassRole", f"arn:aws:iam::{TARGET}:role/app"))),
                "passing_roles_beside_reads": _beside(allow("iam:PassRole"), managing=READS),
                "passing_roles_is_of_another_role": _beside(allow("iam:PassRole"), of="another"),
                "passing_roles_denied_beside": _beside(
                    allow("iam:PassRole"), managing=document(*MANAGEMENT["Statement"], deny("iam:PassRole"))
                ),
                "reads_beside": _beside(allow("s3:*")),
                "read_only_beside": _attached_beside(READ_ONLY),
                "boundary_made_but_not_deleted": role_policy(
                    document(*_changing(**OWN_BOUNDED)["Statement"], allow("iam:CreatePolicy"))
                ),
                "boundary_denied_to_be_deleted": role_policy(
                    document(
                        *_changing(**OWN_BOUNDED)["Statement"], NEW_BOUNDARY, deny("iam:DeletePolicy", OWN_BOUNDARY)
                    )
                ),
                "policies_made_and_deleted_under_a_boundary_of_AWS": role_policy(
                    document(*_changing(**BOUNDED)["Statement"], NEW_BOUNDARY)
                ),
                "assumes_elsewhere": role_policy(
                    document(
                        *_changing(**BOUNDED)["Statement"], allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x")
                    )
                ),
                "assumes_own_roles_without_managing": role_policy(document(allow("sts:AssumeRole", ROLE))),
                "narrow_boundary_without_a_Deny": (
                    role_policy(_changing(**OWN_BOUNDED)),
                    managed(document(allow("s3:*")), name="boundary"),
                ),
                "versions_of_a_policy_that_is_no_boundary": (
                    role_policy(_changing(**OWN_BOUNDED)),
                    role_policy(
                        document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/app")),
                        name="second",
                        role="another",
                    ),
                ),
                "no_access_role": (role(trust(SERVICE)), role_policy(_changing(**BOUNDED))),
            },
            {
                "any_boundary": role_policy(_changing(StringLike={"iam:PermissionsBoundary": "*"})),
                "if_exists": role_policy(_changing(StringEqualsIfExists={"iam:PermissionsBoundary": READ_ONLY})),
                "administrator": role_policy(_changing(StringEquals={"iam:PermissionsBoundary": ADMINISTRATOR})),
                "removes_it": role_policy(_changing("iam:DeleteRolePermissionsBoundary", **BOUNDED)),
                "passes_roles": role_policy(document(*_changing(**BOUNDED)["Statement"], allow("iam:PassRole"))),
                "policy_versions": role_policy(document(allow("iam:CreatePolicyVersion"))),
                "own_boundary_leaves_iam": (
                    role_policy(_changing(StringEquals={"iam:PermissionsBoundary": f"arn:aws:iam::{TARGET}:policy/b"})),
                    managed(document(allow("*")), name="b"),
                ),
                "passes_roles_beside": _beside(allow("iam:PassRole")),
                "instance_profiles_beside": _beside(allow("iam:AddRoleToInstanceProfile")),
                "policy_versions_beside": _beside(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/x")),
                "inline_of_the_role_beside": _inline_beside(),
                "of_a_group_beside": _group_beside(),
                "of_a_role_that_the_stack_does_not_make_beside": _beside(allow("iam:PassRole"))[1:],
                "managed_beside": _attached_beside(
                    f"arn:aws:iam::{TARGET}:policy/managed", managed(document(allow("iam:PassRole")))
                ),
                "of_AWS_beside": _attached_beside("arn:aws:iam::aws:policy/AWSLambda_FullAccess"),
                "managed_role_management_without_a_deny": (
                    role(managedPolicyArns=[f"arn:aws:iam::{TARGET}:policy/managed"]),
                    managed(_changing(**BOUNDED, **MFA, **ADDRESS)),
                ),
                "own_boundary_anew": role_policy(document(*_changing(**OWN_BOUNDED)["Statement"], NEW_BOUNDARY)),
                "own_boundary_anew_beside": _beside(
                    NEW_BOUNDARY,
                    managing=document(*_changing(**OWN_BOUNDED)["Statement"], *MANAGEMENT["Statement"][1:]),
                ),
                "own_boundary_changed_by_another_role": (
                    role_policy(_changing(**OWN_BOUNDED)),
                    managed(CLOSED, name="boundary"),
                    role_policy(
                        document(allow("iam:SetDefaultPolicyVersion", OWN_BOUNDARY)), name="second", role="another"
                    ),
                ),
                "assumes_own_roles": role_policy(
                    document(
                        *_changing(**BOUNDED)["Statement"], allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*")
                    )
                ),
                "no_deny_of_a_hop": (role(), role_policy(document(*MANAGEMENT["Statement"][::2]))),
                "no_deny_of_itself": (role(), role_policy(document(*MANAGEMENT["Statement"][:2]))),
            },
        ),
    )
    for case in (
        *on_documents(policy, role_policy),
        *rows(
            policy,
            "pass",
            "",
            safe=role_policy(MANAGEMENT),
            with_its_role=(role(), role_policy(MANAGEMENT)),
            reads=role_policy(READS),
            read_only=attachment(READ_ONLY),
            boundary_only=_boundary(document(allow("*"), deny("iam:*"), deny("sts:*"))),
            boundary_by_name=_boundary_by_name(),
            boundary_attached_to_nobody=_boundary_that_attaches_itself(groups=[]),
            service_linked=role_policy(document(allow("iam:CreateServiceLinkedRole"))),
            role_of_a_service=role_policy(
                document(allow(CHANGES, "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*"))
            ),
            other_resources=role_policy(document(allow("*", "arn:aws:s3:::bucket/*"))),
            another_account=role_policy(document(allow("iam:*", f"arn:aws:iam::{ELSEWHERE}:role/*"))),
            denied_in_its_account=role_policy(document(allow("iam:*"), deny("iam:*", f"arn:aws:iam::{TARGET}:*"))),
            **passing,
        ),
        *rows(
            policy,
            "fail",
            says,
            everything=role_policy(document(allow("*"))),
            all_of_iam=group_policy(document(allow("iam:*"))),
            unconditional=role_policy(_changing()),
            in_an_unknown_account=role_policy(_changing(), account=None),
            service_roles=role_policy(document(allow(CHANGES, f"arn:aws:iam::{TARGET}:role/service-role/*"))),
            managed=managed(_changing(CHANGES)),
            attached_by_name=_attached_by_name(),
            boundary_that_attaches_itself=_boundary_that_attaches_itself(groups=["admins"]),
            boundary_attached_to_nobody_knows=_boundary_that_attaches_itself(roles=UNKNOWN),
            **failing,
        ),
        *rows(policy, "fail", "which AWS maintains", attached=attachment("arn:aws:iam::aws:policy/IAMFullAccess")),
    )
]
_LACKING = role_policy(_changing())
MANAGEMENT_MODES = [
    Case("iam-role-management-requires-source-ip", outcome, key, made, says, settings)
    for key, outcome, says, made, settings in (
        (
            "session, denied",
            "pass",
            "",
            (role(), _LACKING, role_policy(SESSION_DENY, name="deny")),
            {"mode": "session", "allowedCidrs": [NETWORK]},
        ),
        (
            "session, not denied",
            "fail",
            "from outside",
            (role(), _LACKING),
            {"mode": "session", "allowedCidrs": [NETWORK]},
        ),
        ("no networks configured", "missing", "allowedCidrs is not in", (_LACKING,), {}),
    )
]
USERS = [
    *on_documents("iam-no-user-management", role_policy),
    *rows(
        "iam-no-user-management",
        "pass",
        "",
        reads=role_policy(READS),
        roles=role_policy(MANAGEMENT),
        in_the_security_account=group_policy(document(allow("iam:*"))),
        self_service=group_policy(SELF_SERVICE, account=None),
        denied=role_policy(
            document(
                allow("iam:*"),
                deny(
                    [
                        "iam:*User*",
                        "iam:*Group*",
                        "iam:*MFA*",
                        "iam:*Key*",
                        "iam:*Login*",
                        "iam:*Credential*",
                        "iam:*Certificate*",
                    ]
                ),
            )
        ),
        names_of_the_security_account=role_policy(
            document(allow("iam:CreateUser", f"arn:aws:iam::{SECURITY}:user/x")), account=None
        ),
    ),
    *rows(
        "iam-no-user-management",
        "fail",
        "manages users",
        everything=role_policy(document(allow("*"))),
        with_mfa=role_policy(document(allow("iam:CreateUser", **MFA, **ADDRESS))),
        keys=role_policy(document(allow("iam:*AccessKey*"))),
        groups=managed(document(allow("iam:AddUserToGroup"))),
        devices=role_policy(document(allow("iam:*MFADevice"))),
        unknown_account=role_policy(document(allow("iam:CreateUser")), account=None),
        group_of_an_unknown_account=group_policy(document(allow("iam:CreateUser")), account=None),
    ),
    *rows("iam-no-user-management", "fail", "which AWS maintains", attached=attachment(ADMINISTRATOR)),
    *rows(
        "iam-permissions-on-groups-only",
        "pass",
        "",
        group=group_policy(GRANT),
        role=role_policy(READS),
        nobody=Made(
            type="aws:iam/policyAttachment:PolicyAttachment",
            inputs={"policyArn": READ_ONLY, "groups": ["x"], "users": []},
        ),
        none=Made(
            type="aws:iam/userPoliciesExclusive:UserPoliciesExclusive", inputs={"userName": "x", "policyNames": []}
        ),
        user=Made(type="aws:iam/user:User", account=SECURITY, inputs={"name": "x"}),
    ),
    *rows(
        "iam-permissions-on-groups-only",
        "fail",
        "puts permissions on",
        inline=Made(type="aws:iam/userPolicy:UserPolicy", inputs={"user": "x", "policy": READS}),
        unknown=Made(type="aws:iam/userPolicy:UserPolicy", inputs={"user": UNKNOWN, "policy": UNKNOWN}),
        missing=Made(type="aws:iam/userPolicy:UserPolicy", inputs={}),
        attached=attachment(READ_ONLY, to="user"),
        native=Made(type="aws-native:iam:User", inputs={"managedPolicyArns": [READ_ONLY]}),
        among_others=Made(
            type="aws:iam/policyAttachment:PolicyAttachment", inputs={"policyArn": READ_ONLY, "users": ["x"]}
        ),
    ),
    *(
        Case(
            "iam-permissions-on-groups-only",
            outcome,
            outcome,
            (Made(type="aws:iam/policyAttachment:PolicyAttachment", inputs={"policyArn": READ_ONLY, "users": users}),),
            "cannot be verified",
        )
        for outcome, users in (("unknown", UNKNOWN), ("malformed", "x"))
    ),
    *rows(
        "iam-users-in-security-account-only",
        "pass",
        "",
        user=Made(type="aws:iam/user:User", account=SECURITY, inputs={}),
        role=role(),
    ),
    *rows(
        "iam-users-in-security-account-only",
        "fail",
        f"in account {TARGET}",
        user=Made(type="aws:iam/user:User", inputs={}),
        keys=Made(type="aws:iam/accessKey:AccessKey", inputs={"user": "x"}),
        device=Made(type="aws:iam/virtualMfaDevice:VirtualMfaDevice", inputs={}),
    ),
    *rows(
        "iam-users-in-security-account-only",
        "unknown",
        "does not say the account",
        account=Made(type="aws:iam/user:User", account=None, inputs={}),
    ),
    Case(
        "iam-users-in-security-account-only",
        "missing",
        "no configuration",
        (Made(type="aws:iam/user:User", inputs={}),),
        "securityAccountId",
        {},
    ),
    Case(
        "iam-users-in-security-account-only",
        "malformed",
        "no account id",
        (Made(type="aws:iam/user:User", inputs={}),),
        "securityAccountId",
        {"securityAccountId": "1"},
    ),
    *on_documents("iam-mfa-devices-own-only", group_policy),
    *rows(
        "iam-mfa-devices-own-only",
        "pass",
        "",
        self_service=group_policy(SELF_SERVICE),
        managed=managed(SELF_SERVICE, account=SECURITY),
        reads=group_policy(READS),
        unknown_account=group_policy(SELF_SERVICE, account=None),
        users_of_another_account=role_policy(
            document(allow("iam:EnableMFADevice", f"arn:aws:iam::{ELSEWHERE}:user/*"))
        ),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "for somebody else",
        any_user=group_policy(document(allow("iam:EnableMFADevice", **MFA))),
        role=role_policy(
            document(allow("iam:EnableMFADevice", f"arn:aws:iam::{TARGET}:user/${{aws:PrincipalTag/user}}", **MFA))
        ),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "with plain access keys",
        own=group_policy(document(allow("iam:EnableMFADevice", f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"))),
        not_false=group_policy(document(*SELF_SERVICE["Statement"][:3])),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "removed without MFA",
        removal=group_policy(
            document(allow("iam:DeactivateMFADevice", f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"))
        ),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "which AWS maintains",
        attached=attachment(ADMINISTRATOR, to="group", account=SECURITY),
    ),
]


def _provided(**provider: Any) -> Made:
    return Made(type="aws:s3/bucket:Bucket", inputs={}, provider=provider)


ACCOUNTS = [
    *rows(
        "iam-explicit-account-provider",
        "pass",
        "",
        one=role(),
        plain_list=_provided(allowedAccountIds=[TARGET]),
        snake_case=_provided(allowed_account_ids=[TARGET]),
        component=Made(type="delegation:iam:AdminGroup", inputs={}, account=None),
        another_package=Made(type="random:index/randomId:RandomId", inputs={}, provider={}),
    ),
    *rows(
        "iam-explicit-account-provider",
        "fail",
        "may act in 2 accounts",
        two=_provided(allowedAccountIds=f'["{TARGET}", "{SECURITY}"]'),
    ),
    *rows(
        "iam-explicit-account-provider",
        "missing",
        "whatever account",
        none=_provided(),
        empty=_provided(allowedAccountIds="[]"),
    ),
    *rows(
        "iam-explicit-account-provider",
        "unknown",
        "not known",
        unknown=_provided(allowedAccountIds=UNKNOWN),
        one_unknown=_provided(allowedAccountIds=[UNKNOWN]),
    ),
    *rows(
        "iam-explicit-account-provider",
        "malformed",
        "cannot be verified",
        no_list=_provided(allowedAccountIds="x"),
        no_id=_provided(allowedAccountIds='["1"]'),
    ),
]
SIZES = [
    *on_documents("iam-policy-size", group_policy),
    *rows(
        "iam-policy-size",
        "pass",
        "",
        grant=group_policy(GRANT),
        two_groups=(group_policy(HALF, name="a", group="a"), group_policy(HALF, name="b", group="b")),
        white_space=group_policy(json.dumps(GRANT, indent=200)),
    ),
    *rows(
        "iam-policy-size",
        "fail",
        "too many",
        group=group_policy(LONG),
        trust=role(trust({"AWS": [f"{ALICE}{i}" for i in range(60)]})),
        managed=managed(LONG),
        together=(group_policy(HALF, name="a"), group_policy(HALF, name="b")),
    ),
    Case(
        "iam-policy-size",
        "pass",
        "raised quota",
        (role(trust({"AWS": [f"{ALICE}{i}" for i in range(60)]})),),
        "",
        {"trustPolicyQuota": 4096.0},
    ),
]
ADDRESSES = [
    *rows(
        "iam-source-ip-can-match",
        "pass",
        "",
        no_address=group_policy(READS),
        public=_on_role(IpAddress={"aws:SourceIp": ["8.8.8.8", "2600::/32"]}),
    ),
    *rows(
        "iam-source-ip-can-match",
        "fail",
        "which no request to AWS comes from",
        documentation=group_policy(GRANT),
        private=_on_role(IpAddress={"aws:SourceIp": ["8.8.8.8", "10.0.0.0/8"]}),
        shared=_on_role(IpAddress={"aws:SourceIp": "100.64.1.1"}),
        denied=role_policy(SESSION_DENY),
        trust=role(trust(condition={**MFA, "IpAddress": {"aws:SourceIp": "fc00::1"}})),
    ),
    *rows(
        "iam-source-ip-can-match",
        "fail",
        "IPv4 addresses only",
        only_v4=_on_role(IpAddress={"aws:SourceIp": "8.8.8.8"}),
    ),
]


def _members(*names: str) -> Made:
    return Made(
        type="aws:iam/groupMembership:GroupMembership",
        name="members",
        account=SECURITY,
        inputs={"group": "admins", "users": list(names)},
    )


SIDES = [
    *rows(
        "delegation-sides-agree",
        "pass",
        "",
        agree=(role(), role_policy(MANAGEMENT), group_policy(GRANT)),
        lone_trust=role(),
        lone_grant=group_policy(GRANT),
        members=(role(), group_policy(GRANT), _members("alice")),
        reads=(role(), group_policy(READS)),
        unknown_group=(role(), group_policy(GRANT, group=UNKNOWN), _members("bob")),
    ),
    *rows(
        "delegation-sides-agree",
        "fail",
        "no grant of this stack names",
        another_role=(role(), group_policy(document(allow("sts:AssumeRole", ROLE + "X", **MFA, **ADDRESS)))),
        another_account=(role(account=ELSEWHERE), group_policy(GRANT)),
    ),
    *rows(
        "delegation-sides-agree",
        "fail",
        "lets nobody of account",
        nobody=(role(trust(SERVICE)), group_policy(GRANT)),
        from_elsewhere=(role(), group_policy(GRANT, account=ELSEWHERE)),
    ),
    *rows(
        "delegation-sides-agree",
        "fail",
        "Use the same networks",
        networks=(role(), role_policy(MANAGEMENT), _on_role(**MFA, IpAddress={"aws:SourceIp": "203.0.113.11"})),
    ),
    *rows(
        "delegation-sides-agree",
        "fail",
        "alice, who is not a member",
        not_a_member=(role(), group_policy(GRANT), _members()),
    ),
    *rows(
        "delegation-sides-agree",
        "fail",
        "makes bob a member",
        not_trusted=(role(), group_policy(GRANT), _members("alice", "bob")),
    ),
]

CASES = [
    *TRUST_MFA,
    *TRUST_USERS,
    *ASSUME,
    *MODES,
    *MANAGEMENT_CASES,
    *MANAGEMENT_MODES,
    *USERS,
    *ACCOUNTS,
    *SIZES,
    *ADDRESSES,
    *SIDES,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy}: {case.outcome}: {case.id}")
def test_policy(case: Case) -> None:
    settings = CONFIG if case.settings is None else {**CONFIG, case.policy: case.settings}
    messages = [one.message for one in judge(*case.made, config=settings) if one.policy == case.policy]
    if case.outcome == "pass":
        assert messages == []
    else:
        assert any(case.says in message for message in messages), messages


FAILING = {case.policy: case for case in reversed(CASES) if case.outcome == "fail"}
EXEMPTABLE = [entry.name for entry in CATALOGUE.values() if entry.mandatory]


def _with(policy: str, case: Case, **exemption: str) -> dict[str, Any]:
    settings = CONFIG.get(policy, {}) if case.settings is None else case.settings
    return {**CONFIG, policy: {**settings, "exempt": [exemption]}}


@pytest.mark.parametrize("policy", EXEMPTABLE)
def test_an_exempt_resource_is_not_refused_but_said(policy: str) -> None:
    case = FAILING[policy]
    of = [one for one in judge(*case.made) if one.policy == policy]
    found = judge(
        *case.made, config=_with(policy, case, resource=str(of[0].urn), reason="on trial", until="2999-12-31")
    )
    assert [one for one in found if one.policy == policy and one.urn == of[0].urn] == []
    (said,) = [one for one in found if one.policy == "delegation-exemptions-used"]
    assert said.urn == of[0].urn
    assert f"Exempt from {policy} until 2999-12-31, for: on trial." in said.message
    assert of[0].message in said.message


@pytest.mark.parametrize("policy", EXEMPTABLE)
@pytest.mark.parametrize(
    ("exemption", "says"),
    [
        ({"resource": "*x*", "until": "2999-12-31"}, "it has no reason"),
        ({"resource": "*x*", "until": "2999-12-31", "reason": " "}, "it has no reason"),
        ({"resource": "*x*", "reason": "on trial"}, "it has no until"),
        ({"resource": "*x*", "reason": "on trial", "until": "2026-01-31"}, "it ended on 2026-01-31"),
        ({"resource": "*x*", "reason": "on trial", "until": "soon"}, "no day in the form"),
        ({"resource": "*", "reason": "on trial", "until": "2999-12-31"}, "switch the policy off"),
        ({"reason": "on trial", "until": "2999-12-31"}, "it has no resource"),
    ],
    ids=["no reason", "blank reason", "no day", "past", "no date", "everything", "no resource"],
)
def test_an_exemption_that_does_not_count_is_a_violation_and_exempts_nothing(
    policy: str, exemption: dict[str, str], says: str
) -> None:
    case = FAILING[policy]
    before = [one for one in judge(*case.made) if one.policy == policy]
    found = [one for one in judge(*case.made, config=_with(policy, case, **exemption)) if one.policy == policy]
    assert any(says in one.message for one in found)
    assert {one.message for one in before} <= {one.message for one in found}


def test_an_exemption_counts_through_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    case = FAILING["iam-trust-requires-mfa"]
    settings = _with(case.policy, case, resource="role", reason="on trial", until="2027-01-31")
    monkeypatch.setattr("delegation_pack.exemptions.today", lambda: date(2027, 1, 31))
    assert not [one for one in judge(*case.made, config=settings) if one.policy == case.policy]
    monkeypatch.setattr("delegation_pack.exemptions.today", lambda: date(2027, 2, 1))
    assert [one for one in judge(*case.made, config=settings) if one.policy == case.policy]


def test_an_exemption_is_for_one_policy_and_one_resource() -> None:
    case = FAILING["iam-trust-requires-mfa"]
    other = role(trust(condition={}), name="other")
    settings = _with(case.policy, case, resource="rol?", reason="on trial", until="2999-12-31")
    found = [one for one in judge(*case.made, other, config=settings) if one.policy == case.policy]
    assert {one.urn for one in found} == {other.urn}


@pytest.mark.parametrize("policy", [name for name in CATALOGUE if name != "delegation-exemptions-used"])
def test_each_policy_has_every_kind_of_row(policy: str) -> None:
    outcomes = {case.outcome for case in CASES if case.policy == policy}
    # What these two cannot read is refused by the policies on documents.
    reading_only = policy in ("delegation-sides-agree", "iam-source-ip-can-match")
    wanted = {"pass", "fail"} | (set() if reading_only else {"missing", "unknown", "malformed"})
    # Whatever is on a user is refused, the missing and the unknown too.
    if policy == "iam-permissions-on-groups-only":
        wanted -= {"missing"}
    assert outcomes >= wanted


def test_an_error_in_a_policy_is_a_violation_and_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("delegation_pack.policies.trust.decide", breaks)
    messages = [one.message for one in judge(role()) if one.policy == "iam-trust-requires-mfa"]
    assert messages == ["Role 'role' cannot be verified: ZeroDivisionError: by nothing."]


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_policy_says_what_to_do_and_where_to_read_more(name: str) -> None:
    policy = BY_NAME[name]
    assert policy.description.endswith(".")
    assert policy.severity is not None
    assert policy.remediation_steps
    assert policy.url == f"docs/policies.md#{name}"
    assert policy.config_schema is None or all(one["description"] for one in policy.config_schema.properties.values())


def test_the_pack_holds_the_catalogue_in_its_order() -> None:
    assert list(BY_NAME) == list(CATALOGUE)


@pytest.mark.parametrize(
    ("static_ips", "refused"),
    [
        pytest.param([NETWORK], False, id="bound"),
        pytest.param([], True, id="unbound"),
        pytest.param(["8.8.8.0/24"], True, id="elsewhere"),
    ],
)
def test_lasting_credentials_are_made_from_the_allowed_networks_only(static_ips: list[str], refused: bool) -> None:
    policy = "iam-mfa-devices-own-only"
    text = documents.self_service(partition="aws", account_id=SECURITY, user_path="/", static_ips=static_ips)
    made = managed(json.loads(text), account=SECURITY)
    found = judge(made, config={policy: {"allowedCidrs": [NETWORK]}})
    assert [one.policy for one in found if "be made from outside" in one.message] == ([policy] if refused else [])
    assert [one for one in judge(made) if one.policy == policy] == []
