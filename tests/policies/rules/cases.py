"""Rows for the tests of the rules: what is made, and what the rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.documents import allow, deny, document
from tests.policies.documents_under_test import (
    ADMINISTRATOR,
    BOUNDED,
    CHANGES,
    GRANT,
    MANAGEMENT,
    READ_ONLY,
    READS,
    ROLE,
    attachment,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.running import CONFIG, ELSEWHERE, SECURITY, TARGET, UNKNOWN, Made, judge

SERVICE = {"Service": "ec2.amazonaws.com"}


OTHER_ACCOUNT = document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x"))
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
OWN_ROLE = {"AWS": f"arn:aws:iam::{TARGET}:role/app"}


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


def app(
    trusted: Any, *more: Made, content: Any = READS, condition: Any = None, account: str = TARGET
) -> tuple[Made, ...]:
    """A role of another name than the access role's, with what it may do."""
    made = role(trust(trusted, condition or {}), name="app", account=account)
    return (
        replace(made, inputs={**made.inputs, "name": "APP"}),
        role_policy(content, name="of-app", role="APP", account=account),
        *more,
    )


def attached_to(name: str, arn: str, account: str = TARGET) -> Made:
    """A policy on a role of the stack."""
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    return Made(type=kind, name=f"{name}-attached", inputs={"role": name, "policyArn": arn}, account=account)


def on_documents(policy: str, carrier: Callable[..., Made]) -> list[Case]:
    """What every policy makes of a document that it cannot read."""
    without = Made(type=carrier({}).type, inputs={}, name="bare")
    return [
        Case(policy, "missing", "no document", (without,), "is missing"),
        Case(policy, "unknown", "unknown", (carrier(UNKNOWN),), "is not known before the update"),
        Case(policy, "unknown", "unknown within a text", (carrier(f'{{"Id": "{UNKNOWN}"}}'),), "not known before"),
        Case(
            policy, "unknown", "unknown within an object", (as_object(carrier, {"Statement": [UNKNOWN]}),), "not known"
        ),
        Case(policy, "malformed", "not JSON", (carrier("{"),), "cannot be verified"),
        Case(policy, "malformed", "a number", (carrier(3),), "cannot be verified"),
        Case(policy, "malformed", "no statement", (carrier(document()),), "cannot be verified"),
        Case(policy, "malformed", "unknown element", (carrier({**READS, "statement": []}),), "cannot be verified"),
        Case(policy, "malformed", "a name twice", (carrier('{"Statement": [], "Statement": []}'),), "twice"),
    ]


def as_object(carrier: Callable[..., Made], content: Mapping[str, Any]) -> Made:
    made = carrier({})
    key = "assumeRolePolicy" if "assumeRolePolicy" in made.inputs else "policy"
    return Made(type=made.type, name=made.name, account=made.account, inputs={**made.inputs, key: content})


def rows(policy: str, outcome: str, says: str, **made: Any) -> list[Case]:
    """Cases of one outcome, by their ids."""
    return [
        Case(policy, outcome, key.replace("_", " "), one if isinstance(one, tuple) else (one,), says)
        for key, one in made.items()
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
            as_an_object=as_object(group_policy, GRANT),
            managed=managed(GRANT),
            reads=group_policy(READS),
            own_account=group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/x"))),
            read_only_attached=attachment(READ_ONLY),
            denied=group_policy(document(allow("sts:AssumeRole"), deny("sts:Assume*"))),
            boundary_only=_boundary(document(allow("*"))),
            of_a_program=app(SERVICE, content=OTHER_ACCOUNT),
            of_a_program_with_the_role=_with_the_role(OTHER_ACCOUNT),
            managed_of_a_program=(
                *app(SERVICE, managed(OTHER_ACCOUNT), attached_to("APP", f"arn:aws:iam::{TARGET}:policy/managed")),
            ),
            of_a_program_on_all_roles=app(SERVICE, content=document(allow("sts:*"))),
            of_aws_to_a_program=app(SERVICE, attached_to("APP", POWER_USER)),
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
            of_a_role_entered_by_an_access_role=app({"AWS": ROLE}, role(), content=document(allow("sts:*"))),
            of_a_role_whose_trust_is_not_known=(role(UNKNOWN), role_policy(document(allow("sts:*")))),
            managed_of_a_program_and_a_group=(
                *app(SERVICE, managed(document(allow("sts:*")))),
                attached_to("APP", f"arn:aws:iam::{TARGET}:policy/managed"),
                attachment(f"arn:aws:iam::{TARGET}:policy/managed", to="group"),
            ),
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
            to_an_access_role=(role(), attached_to("ACCESS", POWER_USER)),
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
        Case(policy, "pass", "attached from the stack", attached_from_stack()),
        Case(policy, "missing", "attached", (attachment(None),), "cannot be verified"),
        Case(policy, "malformed", "attached", (attachment("AdministratorAccess"),), "not the ARN"),
    ]


def _with_the_role(content: Any) -> Made:
    return role(trust(SERVICE, {}), name="app", inlinePolicies=[{"name": "x", "policy": content}])


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


def attached_from_stack() -> tuple[Made, ...]:
    policy, one = managed(GRANT), attachment(UNKNOWN)
    tied = Made(type=one.type, name=one.name, inputs=one.inputs, sources={"policyArn": [policy]})
    return policy, tied


def chained(policy: str, says: str) -> list[Case]:
    """What a rule on trust policies makes of a role that names another, where no provider says the account."""

    def second(account: str = TARGET, **outputs: Any) -> Made:
        made = role(trust({"AWS": f"arn:aws:iam::{account}:role/FIRST"}, {}), name="second")
        return _untied(made, "SECOND", **outputs)

    def first(**outputs: Any) -> Made:
        return _untied(role(trust(SERVICE, {}), name="first"), "FIRST", **outputs)

    here, there = ({"arn": f"arn:aws:iam::{account}:role/FIRST"} for account in (TARGET, ELSEWHERE))
    return [
        *rows(
            policy,
            "pass",
            "",
            role_of_an_account_that_the_stack_shows=(first(**here), second()),
            role_of_the_account_that_its_own_ARN_shows=second(arn=f"arn:aws:iam::{TARGET}:role/SECOND"),
        ),
        *rows(
            policy,
            "fail",
            says,
            role_that_the_stack_does_not_make=second(),
            role_of_the_stack_in_an_account_that_nothing_shows=(first(), second()),
            role_of_another_provider=(replace(first(**here), provider_name="other"), second()),
            role_that_an_input_claims_to_be_here=(
                replace(first(), inputs={**first().inputs, **here}, outputs=first().outputs),
                second(),
            ),
            namesake_of_a_role_elsewhere=(first(**here), second(ELSEWHERE)),
            namesake_in_an_account_that_the_stack_shows=(first(**there), second()),
        ),
    ]


def _untied(made: Made, name: str, **outputs: Any) -> Made:
    inputs = {**made.inputs, "name": name}
    return replace(made, inputs=inputs, outputs={**inputs, **outputs}, provider={"region": "us-east-1"})


FORCE_MFA = document(
    {
        "Effect": "Deny",
        "NotAction": ["iam:EnableMFADevice", "iam:ListMFADevices", "sts:GetSessionToken"],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
)
"""AWS's own way to demand MFA, beside plain grants."""


def members(*names: str, group: str = "admins") -> Made:
    kind = "aws:iam/groupMembership:GroupMembership"
    return Made(type=kind, name=f"of-{group}", account=SECURITY, inputs={"group": group, "users": list(names)})


def _joining(user: str, group: str) -> Made:
    kind = "aws:iam/userGroupMembership:UserGroupMembership"
    return Made(type=kind, name="joining", account=SECURITY, inputs={"user": user, "groups": [group]})


def together(policy: str, says: str, grant: Made, forcing: dict[str, Any], **settings: Any) -> list[Case]:
    """What a rule makes of a grant and a Deny in two documents, which it judges together on request.

    `grant` is of group admins, and alone it is refused; beside `forcing` it is safe.
    """
    beside = group_policy(forcing, name="force")
    of_all = group_policy(forcing, name="force", group="everybody")
    everybody = members("alice", "bob", group="everybody")

    def case(outcome: str, id_: str, *made: Made, **more: Any) -> Case:
        said = says if outcome == "fail" else ""
        return Case(policy, outcome, id_, made, said, {**settings, "together": True, **more})

    return [
        case("pass", "together in one group", grant, beside),
        case("pass", "together in a group of all members", grant, of_all, members("alice"), everybody),
        case("fail", "together with nothing", grant),
        case("fail", "together in another group", grant, of_all),
        case("fail", "together in a group that one member lacks", grant, of_all, members("alice", "carol"), everybody),
        case("fail", "together in a group whose members are managed elsewhere", grant, of_all, everybody),
        *(
            case("fail", f"together in a group that {who} joins", grant, of_all, members("alice"), everybody, joining)
            for who, joining in {
                "somebody": _joining(UNKNOWN, "admins"),
                "perhaps carol": _joining("carol", UNKNOWN),
                "carol": _joining("carol", "admins"),
                "another list": Made(type=everybody.type, name="more", inputs={"group": "admins", "users": [UNKNOWN]}),
            }.items()
        ),
        case("fail", "together if asked for", grant, beside, together=False),
        case("fail", "together beside what cannot be read", grant, group_policy("{", name="force")),
        case("unknown", "together", group_policy(UNKNOWN, name="force")),
    ]


def on_role(**condition: Any) -> Made:
    return group_policy(document(allow("sts:AssumeRole", ROLE, **condition)))


def changing(action: str | list[str] = "iam:CreateRole", **condition: Any) -> dict[str, Any]:
    return document(allow(action, f"arn:aws:iam::{TARGET}:role/*", **condition))


def role_management(policy: str, says: str, passing: dict[str, Any], failing: dict[str, Any]) -> list[Case]:
    """What the rules on role management have in common, and each one's own rows."""
    return [
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
            of_a_program=app(SERVICE, content=changing(CHANGES, **BOUNDED)),
            **passing,
        ),
        *rows(
            policy,
            "fail",
            says,
            everything=role_policy(document(allow("*"))),
            all_of_iam=group_policy(document(allow("iam:*"))),
            unconditional=role_policy(changing()),
            in_an_unknown_account=role_policy(changing(), account=None),
            service_roles=role_policy(document(allow(CHANGES, f"arn:aws:iam::{TARGET}:role/service-role/*"))),
            managed=managed(changing(CHANGES)),
            of_a_role_entered_by_an_access_role=app({"AWS": ROLE}, role(), content=changing()),
            attached_by_name=_attached_by_name(),
            boundary_that_attaches_itself=_boundary_that_attaches_itself(groups=["admins"]),
            boundary_attached_to_nobody_knows=_boundary_that_attaches_itself(roles=UNKNOWN),
            **failing,
        ),
        *rows(policy, "fail", "which AWS maintains", attached=attachment("arn:aws:iam::aws:policy/IAMFullAccess")),
    ]


def ids(case: Case) -> str:
    """How a row is named in pytest's output."""
    return f"{case.outcome}: {case.id}"


def check(case: Case) -> None:
    """Assert that a rule says of what is made what the row says."""
    settings = CONFIG if case.settings is None else {**CONFIG, case.policy: case.settings}
    messages = [one.message for one in judge(*case.made, config=settings, of=[case.policy])]
    if case.outcome == "pass":
        assert messages == []
    else:
        assert any(case.says in message for message in messages), messages
