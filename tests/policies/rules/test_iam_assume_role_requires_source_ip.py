"""The rule iam-assume-role-requires-source-ip: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    GRANT,
    READS,
    ROLE,
    SESSION_DENY,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import SERVICE, Case, check, grants, ids, on_role, together
from tests.policies.running import ELSEWHERE, NETWORK, SECURITY, TARGET, Made


def _with_old_deny() -> Made:
    """A role whose session Deny is what AWS had before an update that takes it away."""
    one = role()
    before = {**one.inputs, "inlinePolicies": [{"name": "x", "policy": SESSION_DENY}]}
    return Made(type=one.type, name=one.name, inputs=one.inputs, outputs=before)


NO_ADDRESS = on_role(**MFA)


_NARROW = role_policy(document(deny("s3:*", NotIpAddress={"aws:SourceIp": NETWORK})))


_WIDE = role_policy(document(deny("*", NotIpAddress={"aws:SourceIp": "203.0.113.0/24"})))


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html
_AS_AWS_DOES = role_policy(
    document(deny("*", NotIpAddress={"aws:SourceIp": NETWORK}, Bool={"aws:ViaAWSService": "false"}))
)


_FOR_SERVICES = role_policy(
    document(deny("*", NotIpAddress={"aws:SourceIp": NETWORK}, Bool={"aws:ViaAWSService": "true"}))
)


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


OTHER_NETWORK = "198.51.100.7/32"
OTHER_ROLE = ROLE.replace(TARGET, ELSEWHERE)


def _from(network: str) -> Made:
    return on_role(**MFA, IpAddress={"aws:SourceIp": [network]})


def _two(network: str) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", [ROLE, OTHER_ROLE], IpAddress={"aws:SourceIp": [network]}))


def _each() -> dict[str, Any]:
    return document(
        allow("sts:AssumeRole", ROLE, IpAddress={"aws:SourceIp": [OTHER_NETWORK]}),
        allow("sts:AssumeRole", OTHER_ROLE, IpAddress={"aws:SourceIp": [NETWORK]}),
    )


def _by_account(network: str, account: str = TARGET, **more: str) -> dict[str, Any]:
    return {"byAccount": {account: {"allowedCidrs": [network], **more}}}


CASES = [
    *together(
        "iam-assume-role-requires-source-ip",
        f"from outside {NETWORK}",
        on_role(**MFA),
        SESSION_DENY,
        allowedCidrs=[NETWORK],
    ),
    *grants(
        "iam-assume-role-requires-source-ip",
        f"from outside {NETWORK}",
        {
            "wider": on_role(IpAddress={"aws:SourceIp": "203.0.113.0/24"}),
            "if_exists": on_role(IpAddressIfExists={"aws:SourceIp": NETWORK}),
        },
        {"plain_address": on_role(IpAddress={"aws:SourceIp": "203.0.113.10"})},
    ),
    *[
        Case("iam-assume-role-requires-source-ip", outcome, key, made, says, settings)
        for key, outcome, says, made, settings in (
            ("no networks configured", "missing", "allowedCidrs is not in", (group_policy(GRANT),), {}),
            ("no networks and no grant", "pass", "", (group_policy(READS),), {}),
            ("no network allowed", "fail", "from outside every network", (group_policy(GRANT),), {"allowedCidrs": []}),
            ("no network", "malformed", "no address and no CIDR", (group_policy(GRANT),), {"allowedCidrs": ["x"]}),
            ("no cidr", "malformed", "not a text, nor", (group_policy(GRANT),), {"allowedCidrs": [{"reason": "x"}]}),
            (
                "two halves of everywhere",
                "malformed",
                "more than a /8",
                (group_policy(GRANT),),
                {"allowedCidrs": [{"cidr": f"{half}.0.0.0/1", "reason": "x"} for half in (0, 128)]},
            ),
            (
                "wide network without reason",
                "malformed",
                "wider than /24",
                (group_policy(GRANT),),
                {"allowedCidrs": ["203.0.0.0/16"]},
            ),
            (
                "wide network",
                "pass",
                "",
                (group_policy(GRANT),),
                {"allowedCidrs": [{"cidr": "203.0.0.0/16", "reason": "x"}]},
            ),
            ("no mode", "malformed", "mode is 'x'", (group_policy(GRANT),), {"allowedCidrs": [NETWORK], "mode": "x"}),
        )
    ],
    *[
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
            (
                "session",
                "inline",
                "pass",
                "",
                (NO_ADDRESS, role(inlinePolicies=[{"name": "x", "policy": SESSION_DENY}])),
            ),
            ("session", "denied but for services", "pass", "", (NO_ADDRESS, role(), _AS_AWS_DOES)),
            ("session", "denied for services", "fail", "from outside", (NO_ADDRESS, role(), _FOR_SERVICES)),
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
            ("session", "grants elsewhere, role denies", "pass", "", (role(), role_policy(SESSION_DENY))),
            ("session", "grants elsewhere", "fail", "as mode session asks", (role(),)),
            ("both", "grants elsewhere", "fail", "as mode both asks", (role(),)),
            ("session", "a service's role", "pass", "", (role(trust(SERVICE)),)),
        )
    ],
    *[
        Case("iam-assume-role-requires-source-ip", outcome, key, made, says, {"allowedCidrs": [NETWORK], **settings})
        for key, outcome, says, made, settings in (
            ("account of its own networks", "pass", "", (_from(OTHER_NETWORK),), _by_account(OTHER_NETWORK)),
            (
                "the others' network",
                "fail",
                f"from outside {OTHER_NETWORK}",
                (group_policy(GRANT),),
                _by_account(OTHER_NETWORK),
            ),
            (
                "its network for others",
                "fail",
                f"from outside {NETWORK}",
                (_from(OTHER_NETWORK),),
                _by_account(OTHER_NETWORK, ELSEWHERE),
            ),
            (
                "managed, its network for others",
                "fail",
                f"from outside {NETWORK}",
                (managed(_two(OTHER_NETWORK), account=SECURITY),),
                _by_account(OTHER_NETWORK),
            ),
            (
                "managed, each from its own",
                "pass",
                "",
                (managed(_each(), account=SECURITY),),
                _by_account(OTHER_NETWORK),
            ),
            ("account that tests in sessions", "pass", "", (NO_ADDRESS,), _by_account(NETWORK, mode="session")),
            (
                "another that does",
                "fail",
                "from outside",
                (NO_ADDRESS,),
                _by_account(NETWORK, ELSEWHERE, mode="session"),
            ),
            (
                "everything is beside an account",
                "fail",
                "from outside",
                (group_policy(document(allow("sts:*"))),),
                _by_account(NETWORK, mode="session"),
            ),
            ("account that is none", "malformed", "no object", (group_policy(GRANT),), {"byAccount": {TARGET: 3}}),
            ("no accounts", "malformed", "no object", (group_policy(GRANT),), {"byAccount": [TARGET]}),
        )
    ],
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
