"""MFA devices that nobody else can enroll."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from delegation_pack.configuration import CIDR, TOGETHER, Config, allowed_networks
from delegation_pack.facts.actions import ENROLLMENT, LASTING_CREDENTIALS
from delegation_pack.iam import WITHOUT_MFA, Resources, Target, Values, outside
from delegation_pack.judging import because, listed, on_inline, on_managed
from delegation_pack.model import Policy
from delegation_pack.rights import OWN_USER, allowed, own
from delegation_pack.rule import Rule

_WITH_ACCESS_KEYS: Mapping[str, Values] = {"aws:MultiFactorAuthPresent": Values(like=())}


def devices_of_others(policy: Policy, config: Config) -> Iterator[str]:
    """Yield the ways in which a document lets the claim of MFA be forged."""
    account = policy.account

    def found(actions: tuple[str, ...], resources: Resources, keys: Mapping[str, Values]) -> str | None:
        finding = allowed(policy, Target(actions=actions, resources=resources), keys=keys)
        return because(finding) if finding else None

    users, any_of_them = own(account, "user", but=OWN_USER), own(account, "user", "mfa")
    if why := found(("iam:EnableMFADevice", "iam:ResyncMFADevice"), users, {}):
        yield f"lets MFA devices be enrolled for somebody else: {why} Name user/${{aws:username}} in Resource."
    if why := found(ENROLLMENT, any_of_them, _WITH_ACCESS_KEYS):
        yield (
            f"allows enrolling MFA devices with plain access keys: {why} "
            'Add a Deny with "Null": {"aws:MultiFactorAuthPresent": "true"}.'
        )
    if why := found(("iam:DeactivateMFADevice",), own(account, "user"), WITHOUT_MFA):
        yield (
            f"allows removing MFA devices without MFA: {why} "
            'Add a Deny with "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}.'
        )
    if "allowedCidrs" not in config:
        return
    networks = allowed_networks(config)
    if why := found(LASTING_CREDENTIALS, any_of_them, outside(networks)):
        yield (
            "allows creating access keys or MFA devices from outside "
            f"{listed(networks, 'every network, for none is allowed')}: {why} "
            "Add a Deny with NotIpAddress on aws:SourceIp."
        )


RULE = Rule(
    name="iam-mfa-devices-own-only",
    description=(
        "Nobody may enroll an MFA device for somebody else or with plain access keys, or remove one without MFA."
    ),
    severity="critical",
    remediation=(
        'Allow it on "Resource": "arn:aws:iam::111111111111:user/${aws:username}" only, and add {"Effect": '
        '"Deny", "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice"], '
        '"Resource": "*", "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}}.'
    ),
    configuration={
        **TOGETHER,
        "allowedCidrs": {
            "type": "array",
            "items": CIDR,
            "description": (
                "Public addresses and CIDRs from which alone MFA devices may be enrolled and access keys made. "
                "Without the list, from anywhere."
            ),
        },
    },
    on_resource=on_inline(devices_of_others),
    on_stack=on_managed(devices_of_others),
)
