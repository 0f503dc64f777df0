"""What AWS told of a role's policies when it was last read, which may be out of date.

A role's outputs list its inline and attached policies as they were before the last deployment, though other resources
make them (RolePolicy, RolePolicyAttachment). A policy that such a resource changes or removes would stay in force in
these lists; what nobody makes was added by hand, and counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from delegation_pack.model import Resource, attached_policies, folded, identity_policies

_LISTS = frozenset({"inlinepolicies", "managedpolicyarns"})
_MARK = "read back: "


def aside(type_: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource's outputs, with the lists that are no inputs of a role under names of their own."""
    given = {folded(name) for name, value in inputs.items() if value is not None}
    is_role = type_.endswith(":Role")
    return {
        f"{_MARK}{name}" if is_role and folded(name) in _LISTS - given else name: value
        for name, value in outputs.items()
    }


_Role = tuple[str | None, str]
"""Account and name."""


def settled(resources: Sequence[Resource], made: Mapping[_Role, frozenset[str]]) -> list[Resource]:
    """Return the resources with the lists of their roles back in place, but for the policies that others make.

    `made` has the names and ARNs of the policies that resources make, at any moment that is compared, by role.
    """
    return [_settled(one, made) if any(name.startswith(_MARK) for name in one.outputs) else one for one in resources]


def policies_made(resources: Iterable[Resource]) -> Mapping[_Role, frozenset[str]]:
    """Return names and ARNs of the policies that resources beside the role itself give a role."""
    found: dict[_Role, set[str]] = {}
    for one in resources:
        if one.kind.startswith("iam.") and one.kind != "iam.Role":
            several = one.get("roles")
            roles = [one.text("role", "rolename"), *(several if isinstance(several, list) else ())]
            names = {policy.name for policy in identity_policies(one)} | {arn for _, arn in attached_policies(one)}
            for role in roles:
                if isinstance(role, str):
                    found.setdefault((one.account, role), set()).update(n for n in names if isinstance(n, str) and n)
    return {role: frozenset(names) for role, names in found.items()}


def _settled(role: Resource, made: Mapping[_Role, frozenset[str]]) -> Resource:
    others = made.get((role.account, role.text("name", "rolename") or ""), frozenset())

    def kept(value: Any) -> Any:
        return [one for one in value if _name(one) not in others] if isinstance(value, list) else value

    outputs = {
        name.removeprefix(_MARK): kept(value) if name.startswith(_MARK) else value
        for name, value in role.outputs.items()
    }
    return replace(role, outputs=outputs)


def _name(item: Any) -> Any:
    return item.get("name") or item.get("policyName") if isinstance(item, Mapping) else item
