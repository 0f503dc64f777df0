"""The rules of account ids, names, paths, ARNs and tags, as IAM and this program have them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

STACK_NAME = re.compile("[a-z][a-z0-9-]{0,39}")
"""A target's stack; it becomes an AWS profile, a GitHub environment and a workflow's job."""
ACCOUNT_ID = re.compile("[0-9]{12}")
# IAM names, and the segments of paths. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_NAME = r"[A-Za-z0-9+=,.@_-]+"
POLICY_ARN = re.compile(rf"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>aws|[0-9]{{12}}):policy/({_NAME}/)*{_NAME}")

REVOKED_SESSIONS = "revoked-sessions"
"""Name of an access role's inline policy that refuses older sessions."""

_RESERVED_ROLE_PREFIXES = {
    "AWSServiceRoleFor": "AWS keeps these names for service-linked roles",
    "AWSReservedSSO_": "AWS keeps these names for roles of IAM Identity Center",
    "delegation-": "these roles deploy and preview this program, so role management denies any change to them",
}
_ORGANIZATION_ROLE = "OrganizationAccountAccessRole"


def account_id(text: str) -> str:
    if ACCOUNT_ID.fullmatch(text):
        return text
    if re.fullmatch("[0-9]+", text):
        # YAML 1.1 takes 012345670123 for octal, and drops the zero of 012345678901.
        raise ValueError(
            f"has {len(text)} digits, where an account id has 12: if it begins with 0, put it in quotes, "
            "for YAML reads the bare number as another one"
        )
    raise ValueError("is not an account id: write its 12 digits, in quotes and without dashes")


def iam_name(kind: str, longest: int) -> Callable[[str], str]:
    def check(name: str) -> str:
        joined = "-".join(name.split())
        if joined not in ("", name):
            raise ValueError(f"contains a space, which IAM refuses in {kind} names: write {joined}")
        if not re.fullmatch(_NAME, name):
            raise ValueError(
                f"contains characters that IAM refuses in {kind} names: use letters, digits and + = , . @ _ - only"
            )
        if len(name) > longest:
            raise ValueError(f"is {len(name)} characters long, where IAM takes {longest} in {kind} names: shorten it")
        return name

    return check


def role_name(name: str) -> str:
    if "/" in name:
        raise ValueError("contains a path, which access roles do not have here: write only the name")
    for prefix, reason in _RESERVED_ROLE_PREFIXES.items():
        if name.casefold().startswith(prefix.casefold()):
            raise ValueError(f"begins with {prefix}: {reason}. Choose another name")
    if name.casefold() == _ORGANIZATION_ROLE.casefold():
        raise ValueError(
            "is AWS Organizations' own role in the account, and role management denies any change to it: "
            "choose another name"
        )
    return iam_name("role", 64)(name)


def stack_name(name: str) -> str:
    if not STACK_NAME.fullmatch(name):
        raise ValueError(
            "cannot be a stack's name: use up to 40 lower-case letters, digits and hyphens, a letter first"
        )
    return name


def user_path(path: str) -> str:
    # The API's own pattern takes more, but * and $ would be wildcards and variables in the documents.
    if not re.fullmatch(rf"/({_NAME}/)*", path):
        raise ValueError("is not a path: begin and end it with /, such as /it/, of letters, digits and + = , . @ _ -")
    if len(path) > 512:
        raise ValueError(f"is {len(path)} characters long, where IAM takes 512 in paths: shorten it")
    return path


def policy_arn(arn: str) -> str:
    if not POLICY_ARN.fullmatch(arn):
        raise ValueError(
            "is not the ARN of a managed policy: write one such as arn:aws:iam::aws:policy/ReadOnlyAccess "
            "or arn:aws:iam::222222222222:policy/NAME"
        )
    return arn


def between(low: int, high: int, unit: str) -> Callable[[int], int]:
    def check(number: int) -> int:
        if not low <= number <= high:
            raise ValueError(f"is outside {low} to {high}: choose a number of {unit} in between")
        return number

    return check


def tag(kind: str, longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        # Letters, spaces and digits of any script: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
        if text.casefold().startswith("aws:"):
            raise ValueError(f"begins with aws:, which AWS reserves: choose another tag {kind}")
        if not all(unicodedata.category(letter)[0] in "LNZ" or letter in "_.:/=+-@" for letter in text):
            raise ValueError(
                f"contains characters that IAM refuses in a tag {kind}: use letters, digits, spaces and _.:/=+-@ only"
            )
        if len(text) > longest:
            raise ValueError(f"is {len(text)} characters long, where a tag {kind} takes {longest}: shorten it")
        if kind == "key" and not text:
            raise ValueError("is an empty tag key: name it")
        return text

    return check
