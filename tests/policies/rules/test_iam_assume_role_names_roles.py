"""The rule iam-assume-role-names-roles: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import ROLE, attachment, group_policy, managed, role, role_policy, trust
from tests.policies.rules.cases import POWER_USER, SERVICE, Case, app, attached_to, check, grants, ids, rows
from tests.policies.running import ELSEWHERE, SECURITY, TARGET, Made

PROTECTED = f"arn:aws:iam::{TARGET}:role/OrganizationAccountAccessRole"
BOOTSTRAP = f"arn:aws:iam::{TARGET}:role/delegation-deploy"
OTHER, THIRD = (f"arn:aws:iam::{account}:role/ACCESS" for account in (ELSEWHERE, "333333333333"))
ORGANIZATION = "OrganizationAccountAccessRole"
DECLARED = {"targetAccounts": [TARGET, ELSEWHERE], "accessRoles": ["ACCESS"]}
UNDECLARED = "grants a role that is not an access role of a declared target"


def _grant(*arns: str) -> Made:
    return group_policy(document(allow("sts:AssumeRole", list(arns), **MFA)))


def _assuming(*arns: str, **condition: Any) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", list(arns), **condition))


def _packed(*arns: str) -> tuple[Made, ...]:
    """A managed policy and its attachment to a group, as packed grants are."""
    policy = managed(document(allow("sts:AssumeRole", list(arns), **MFA)), name="grants-1", account=SECURITY)
    return policy, attachment(f"arn:aws:iam::{SECURITY}:policy/grants-1", to="group", account=SECURITY)


def _root() -> Made:
    return group_policy(document(allow("sts:AssumeRoot", f"arn:aws:iam::{TARGET}:root", **MFA)))


CASES = [
    *grants(
        "iam-assume-role-names-roles",
        "does not name",
        {"wildcard": group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*", **MFA)))},
        {"two_names": group_policy(document(allow("sts:AssumeRole", [ROLE, ROLE + "2"])))},
    ),
    *[
        Case("iam-assume-role-names-roles", outcome, key, made, says, settings)
        for key, outcome, says, made, settings in (
            ("packed, declared", "pass", "", _packed(ROLE, OTHER), DECLARED),
            ("declared account", "pass", "", (_grant(ROLE, OTHER),), {"targetAccounts": [TARGET, ELSEWHERE]}),
            ("declared name", "pass", "", (_grant(ROLE, OTHER),), {"accessRoles": ["ACCESS"]}),
            ("own account's role", "pass", "", (_grant(f"arn:aws:iam::{SECURITY}:role/x"),), DECLARED),
            ("packed, other account", "fail", UNDECLARED, _packed(ROLE, THIRD), DECLARED),
            ("packed, other name", "fail", UNDECLARED, _packed(ROLE, ROLE + "-2"), DECLARED),
            ("packed, path", "fail", UNDECLARED, _packed(ROLE.replace("role/", "role/it/")), DECLARED),
            (
                "packed, organization's role",
                "fail",
                UNDECLARED,
                _packed(ROLE.replace("ACCESS", ORGANIZATION)),
                DECLARED,
            ),
            ("packed, wildcard", "fail", "does not name", _packed(f"arn:aws:iam::{TARGET}:role/*"), DECLARED),
            (
                "packed, any of the account",
                "fail",
                "does not name",
                _packed(f"arn:aws:iam::{ELSEWHERE[:-1]}?:role/ACCESS"),
                DECLARED,
            ),
            ("root", "fail", UNDECLARED, (_root(),), DECLARED),
            ("none declared", "fail", UNDECLARED, _packed(ROLE), {"targetAccounts": []}),
            (
                "denied",
                "pass",
                "",
                (group_policy(document(allow("sts:AssumeRole", THIRD), deny("sts:AssumeRole", THIRD))),),
                DECLARED,
            ),
        )
    ],
    *rows(
        "iam-assume-role-names-roles",
        "fail",
        "OrganizationAccountAccessRole, which is protected",
        protected=group_policy(document(allow("sts:AssumeRole", [ROLE, PROTECTED], **MFA))),
        protected_alone_on_a_role=role_policy(document(allow("sts:AssumeRole", PROTECTED)), account=SECURITY),
        protected_below_a_path=group_policy(document(allow("sts:AssumeRole", PROTECTED.replace("role/", "role/org/")))),
        managed=managed(document(allow("sts:AssumeRole", PROTECTED)), account=SECURITY),
    ),
    *(
        Case(
            "iam-assume-role-names-roles",
            outcome,
            f"{outcome} with protected roles {roles}",
            (group_policy(document(allow("sts:AssumeRole", [ROLE, BOOTSTRAP]))),),
            "delegation-*, which is protected",
            settings={"protectedRoles": roles},
        )
        for outcome, roles in (("fail", ["delegation-*"]), ("pass", ["delegation-?"]), ("pass", []))
    ),
    *(
        Case(
            "iam-assume-role-names-roles",
            outcome,
            f"program, {key}",
            app(SERVICE, content=content, **more),
            says,
            settings,
        )
        for outcome, says, settings, more, contents in (
            (
                "fail",
                "lets a program enter a role of the delegation",
                {**DECLARED, "protectedRoles": ["delegation-*"]},
                {},
                {
                    "protected": _assuming(PROTECTED.replace(TARGET, ELSEWHERE)),
                    "protected with MFA": _assuming(PROTECTED.replace(TARGET, ELSEWHERE), **MFA),
                    "protected in any account": _assuming(f"arn:aws:iam::*:role/{ORGANIZATION}"),
                    "protected by a pattern": _assuming("arn:aws:iam::*:role/*Account*"),
                    "protected by configuration": _assuming(BOOTSTRAP.replace(TARGET, ELSEWHERE)),
                    "access role": _assuming(OTHER),
                    "access role by a pattern": _assuming(OTHER[:-2] + "*"),
                    "access role beside all": _assuming("*", OTHER),
                    "account as root": document(allow("sts:AssumeRoot", f"arn:aws:iam::{ELSEWHERE}:root")),
                    "any account as root": document(allow("sts:*", "arn:aws:iam::*:root")),
                },
            ),
            (
                "pass",
                "",
                DECLARED,
                {},
                {
                    "other role": _assuming(OTHER + "2", THIRD),
                    "other roles": _assuming("arn:aws:iam::*:role/cdk-*"),
                    "all of a path": _assuming("arn:aws:iam::*:role/cdk/*"),
                    "all of an account": _assuming(f"arn:aws:iam::{ELSEWHERE}:role/*", f"arn:aws:iam::{ELSEWHERE}:*"),
                    "denied": document(allow("sts:AssumeRole", OTHER), deny("sts:*", "arn:aws:iam::*:role/ACCESS")),
                },
            ),
            (
                "fail",
                "does not name",
                {"securityAccountId": SECURITY},
                {"account": SECURITY},
                {"all from the Security account": _assuming("*")},
            ),
            (
                "pass",
                "",
                {"securityAccountId": SECURITY},
                {"account": SECURITY},
                {"one from the Security account": _assuming(OTHER)},
            ),
        )
        for key, content in contents.items()
    ),
    Case(
        "iam-assume-role-names-roles",
        "fail",
        "program, of AWS in the Security account",
        app(SERVICE, attached_to("APP", POWER_USER, SECURITY), account=SECURITY),
        "does not name",
        {"securityAccountId": SECURITY},
    ),
    Case(
        "iam-assume-role-names-roles",
        "pass",
        "program, of AWS that the table lacks",
        app(SERVICE, attached_to("APP", "arn:aws:iam::aws:policy/NewerThanTheTable")),
        "",
        {},
    ),
    Case(
        "iam-assume-role-names-roles",
        "fail",
        "program, access role of the stack",
        (role(), *app(SERVICE, content=_assuming(ROLE), account=ELSEWHERE)),
        "lets a program enter",
        {},
    ),
    Case(
        "iam-assume-role-names-roles",
        "pass",
        "program, role of the stack that a service enters",
        (role(trust(SERVICE, {})), *app(SERVICE, content=_assuming(ROLE), account=ELSEWHERE)),
        "",
        {},
    ),
    Case(
        "iam-assume-role-names-roles",
        "fail",
        "protected whatever the configuration",
        (group_policy(document(allow("sts:AssumeRole", PROTECTED))),),
        "which is protected",
        settings={"protectedRoles": []},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
