"""What is known about condition keys: their types, whether they hold several values, and what they follow from.

From https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. Names are in lower case
here. A key that is not listed may be absent or have any value.
"""

from __future__ import annotations

from enum import StrEnum

from delegation_pack.iam.patterns import DIGIT, FIELD, FIELDS, NAME, NAMES


class KeyType(StrEnum):
    TEXT = "text"
    BOOL = "boolean"
    NUMBER = "number"
    TIME = "time"
    ADDRESS = "address"


MFA = "aws:multifactorauthpresent"
SOURCE_IP = "aws:sourceip"
TIME = "aws:currenttime"
MFA_KEYS = frozenset({MFA, "aws:multifactorauthage", "aws:tokenissuetime"})
"""The keys that hang on whether, and when, the caller used MFA."""

TYPES = {
    MFA: KeyType.BOOL,
    "aws:multifactorauthage": KeyType.NUMBER,
    "aws:tokenissuetime": KeyType.TIME,
    TIME: KeyType.TIME,
    SOURCE_IP: KeyType.ADDRESS,
    "aws:vpcsourceip": KeyType.ADDRESS,
    "aws:securetransport": KeyType.BOOL,
    "aws:viaawsservice": KeyType.BOOL,
    "aws:principalisawsservice": KeyType.BOOL,
    "sts:durationseconds": KeyType.NUMBER,
    "iam:serviceslastaccessed": KeyType.NUMBER,
}

SAME_AS = {"aws:epochtime": TIME}
"""Keys that tell the same thing as another."""

SEVERAL_VALUES = frozenset(
    {
        *(
            "aws:calledvia",
            "aws:principalorgpaths",
            "aws:principalservicenameslist",
            "aws:resourceorgpaths",
        ),
        *(
            "aws:sourceorgpaths",
            "aws:tagkeys",
            "aws:vpceorgpaths",
            "sts:transitivetagkeys",
            "sts:requestcontextproviders",
        ),
    }
)
_ONE_VALUE_SERVICES = ("aws:", "sts:", "iam:")

ALWAYS_PRESENT = frozenset({TIME, "aws:securetransport", "aws:viaawsservice", "aws:requestedregion"})
ALWAYS_PRESENT_FOR = {"sts:rolesessionname": "sts:assumerole"}
"""Keys that every request for an action (lower case) has."""
OF_SERVICES = frozenset(
    {
        *("aws:principalservicename", "aws:principalservicenameslist"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"),
    }
)
"""Only services of AWS calling in their own name have these."""
SAML_OF_SESSIONS = frozenset({"saml:namequalifier", "saml:sub", "saml:sub_type"})
"""Keys of SAML federation that the session of a federated role keeps; the others end with the call that began it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#cross-condition-keys-saml"""

VPC_ONLY = frozenset(
    {
        *("aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce"),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    }
)
"""Present only in requests through a VPC endpoint, which have no aws:SourceIp."""

OF_PRINCIPAL = frozenset({"aws:principalarn", "aws:principalaccount", "aws:username", "aws:userid"})
OF_RESOURCE = frozenset({"aws:resourceaccount"})

SHAPES = {
    "aws:username": NAME + NAMES,
    "aws:principalaccount": 12 * DIGIT,
    "aws:resourceaccount": FIELD + FIELDS,
    "sts:rolesessionname": 2 * NAME + NAMES,
}
"""Patterns that every value of a key matches."""

_SPELLED = {
    key.lower(): key
    for key in (
        *(
            "aws:MultiFactorAuthPresent",
            "aws:MultiFactorAuthAge",
            "aws:TokenIssueTime",
            "aws:CurrentTime",
            "aws:EpochTime",
        ),
        *(
            "aws:SourceIp",
            "aws:VpcSourceIp",
            "aws:SecureTransport",
            "aws:ViaAWSService",
            "aws:PrincipalIsAWSService",
        ),
        *(
            "aws:PrincipalType",
            "aws:PrincipalArn",
            "aws:PrincipalAccount",
            "aws:username",
            "aws:userid",
            "aws:ResourceAccount",
        ),
    )
}


def may_hold_several(key: str, with_set_operator: bool) -> bool:
    """Whether a request can hold more than one value of a key; keys of other services do if a set operator is used."""
    return key in SEVERAL_VALUES or (with_set_operator and not key.startswith(_ONE_VALUE_SERVICES))


def of_federation(key: str) -> bool:
    """Whether identity providers vouch for a key: `saml:…`, or the host of an OIDC provider before the colon."""
    prefix = key.partition(":")[0]
    return prefix == "saml" or "." in prefix


def spelled(key: str) -> str:
    """The key's name as AWS writes it, as far as it is known."""
    return _SPELLED.get(key, key)
