"""The principals of a stack whose rights are people's: users, groups, permission sets, and the roles that people
enter, through other roles too."""

from __future__ import annotations

from collections.abc import Mapping

from delegation_pack.configuration import Config
from delegation_pack.iam import Callers, CallerType, PrincipalKind, Query, Resources, Target, Unverifiable, decide
from delegation_pack.model import Model, Principal, PrincipalType
from delegation_pack.rights import explicitly_denied
from delegation_pack.trust_policies import lets_users_in, opening, without_vendors

_NAMED_ROLES = (PrincipalKind.ROLE, PrincipalKind.SESSION, PrincipalKind.UNIQUE_ID)
_WITH_SAML = Target(actions=("sts:AssumeRoleWithSAML",))


def peoples(model: Model, config: Config) -> list[Principal]:
    """Return the principals that are people's, or that nobody can tell are not: a role that the stack does not make,
    one whose trust cannot be read, one that another such role enters."""
    roles = [one for one in model.principals if one.type is PrincipalType.ROLE]
    entered = [role for role in roles if not role.trusts or _people_enter(role, model, config)]
    for role in entered:
        entered += [other for other in roles if other not in entered and _enters(role, other)]
    return [one for one in model.principals if one.type is not PrincipalType.ROLE or one in entered]


def _people_enter(role: Principal, model: Model, config: Mapping[str, object]) -> bool:
    try:
        for trust in role.trusts:
            document = without_vendors(trust, config)
            if all(one.kind is PrincipalKind.SERVICE for _, one in document.admitted):
                continue
            if lets_users_in(document, role.account, role.partition):
                return True
            # Who signs in with SAML is a person of one's own; a web identity is a program, or a customer.
            callers = (Callers(type=CallerType.FEDERATED, partition=role.partition),)
            if decide(document, Query(callers=callers, targets=(_WITH_SAML,))):
                return True
            named = (one for _, one in document.admitted if one.kind in _NAMED_ROLES)
            if any(one.kind is not PrincipalKind.ROLE or model.role(one.value) is None for one in named):
                return True
    except Unverifiable:
        return True
    return False


def _enters(role: Principal, other: Principal) -> bool:
    """Tell whether the sessions of a role may assume another, as the other's trust policy has it."""
    named = (one.kind for trust in other.trusts if trust.document for _, one in trust.document.admitted)
    if not any(kind in (*_NAMED_ROLES, PrincipalKind.ACCOUNT, PrincipalKind.WILDCARD) for kind in named):
        return False
    arn = role.arn if role.arn and "*" not in role.arn else None
    callers = (Callers(type=CallerType.ROLE, account=None if arn else role.account, arn=arn),)
    try:
        if not any(
            decide(trust.read(), Query(callers=callers, targets=(opening(other.account),))) for trust in other.trusts
        ):
            return False
        target = Target(actions=("sts:AssumeRole",), resources=Resources(like=(other.arn or "*",)))
        return not explicitly_denied([*role.documents.values()], Query(callers=callers, targets=(target,)))
    except Unverifiable:
        return True
