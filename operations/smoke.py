"""Tries to enter the access roles of one target account with a person's own access keys (`make smoke`).

It asks AWS for each role from where it runs: without MFA, with MFA from GetSessionToken, and with MFA in the AssumeRole
call itself. It prints each answer and the expected one; roles for other groups must refuse. It does nothing in a role.
"""

from __future__ import annotations

import argparse
import ipaddress
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError, ProfileNotFound

from configuration.times import end_of
from operations import aws_accounts, stack_files, stack_names
from operations.errors import OperationError, exit_code
from settings import SECURITY_STACK, Settings

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

ALLOWED = "allowed"
REFUSED = "AccessDenied"


class Expected(NamedTuple):
    """What should come of a try."""

    text: str
    """In words."""
    answers: tuple[str, ...]
    """How such an answer begins; more than one where it depends on the address."""


@dataclass(frozen=True, kw_only=True)
class Try:
    """One way of asking for an access role, and AWS's answer."""

    how: str
    """Role and way, in words."""
    answer: str
    """`allowed`, or AWS's refusal: code, operation and message."""
    expected: Expected

    @property
    def as_expected(self) -> bool:
        """Whether the answer is an expected one."""
        return self.answer.startswith(self.expected.answers)


class AccessRoles:
    """The access roles of one target account, as one person's access keys find them.

    Args:
        settings: settings of the target's stack.
        session: AWS session of the person's long-term access keys.

    Raises:
        OperationError: the session is not that of own access keys, or no role of the stack is for the user.
    """

    def __init__(self, settings: Settings, session: boto3.Session) -> None:
        self._settings = settings
        self._session = session
        credentials = session.get_credentials()
        if credentials is None:
            raise OperationError("There are no AWS credentials: name a profile with your access keys, PROFILE=….")
        if credentials.token:
            raise OperationError(
                "These are temporary credentials, so access without MFA cannot be tested: "
                "name a profile with your own access keys, PROFILE=…."
            )
        self._sts: STSClient = session.client("sts")
        self.user_arn = self._sts.get_caller_identity()["Arn"]
        self._user = self.user_arn.rpartition("/")[2]
        users = f"arn:{settings.partition}:iam::{settings.security_account_id}:user{settings.user_path}"
        groups = dict.fromkeys(group for role in settings.access_roles.values() for group in role.groups)
        is_known = self.user_arn == users + self._user
        self.groups = [group for group in groups if is_known and self._user in settings.users([group])]
        """Those that the user is in, of the groups that a role of the stack is for."""
        self.other_groups = [group for group in groups if group not in self.groups]
        if not self.groups:
            raise OperationError(
                f"These are the access keys of {self.user_arn}, who may assume no role of stack {settings.stack}. "
                f"Its roles are for {', '.join(settings.users([*groups]))} under {users}: name the profile of one of "
                "them, PROFILE=…."
            )
        self.own = [name for name, role in settings.access_roles.items() if {*role.groups} & {*self.groups}]
        """The roles for the user's groups."""

    @property
    def is_local(self) -> bool:
        """Whether AWS is emulated on this machine, and so enforces nothing."""
        host = urlsplit(self._sts.meta.endpoint_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def device(self) -> str:
        """Return the serial number of the admin's MFA device for codes.

        Raises:
            OperationError: there is none, or more than one.
        """
        devices = self._session.client("iam").list_mfa_devices(UserName=self._user)["MFADevices"]
        # Passkeys and security keys (u2f) make no codes, and STS takes codes only.
        serials = [device["SerialNumber"] for device in devices if ":u2f/" not in device["SerialNumber"]]
        if not serials:
            raise OperationError(f"User {self._user} has no MFA device that makes codes: enroll an authenticator app.")
        if len(serials) > 1:
            raise OperationError(
                f"User {self._user} has several MFA devices: name one, DEVICE=… of {', '.join(serials)}."
            )
        return serials[0]

    def without_mfa(self) -> Iterator[Try]:
        """Ask for each role with the access keys alone."""
        for role in self._settings.access_roles:
            yield self._try(role, "without MFA", self._sts, Expected("refused", (REFUSED,)))

    def with_session(self, device: str, code: str) -> Iterator[Try]:
        """Ask for each role with a session of GetSessionToken, which carries MFA on."""
        opened: list[STSClient] = []
        answer = _answer(lambda: opened.append(self._session_with_mfa(device, code)))
        if not opened:
            yield Try(how="GetSessionToken, with MFA", answer=answer, expected=Expected(ALLOWED, (ALLOWED,)))
        for sts, (name, role) in itertools.product(opened, self._settings.access_roles.items()):
            yield self._try(name, "with MFA, by GetSessionToken", sts, self._with_mfa(name))
            if role.session_name and name in self.own:
                way = f"with MFA, in a session not named {self._user}"
                expected = Expected("refused: the session has to be named as the user", (REFUSED,))
                yield self._try(name, way, sts, expected, RoleSessionName=f"not-{self._user}"[:64])

    def with_serial(self, role: str, device: str, code: str) -> Try:
        """Ask with MFA in the call itself, as a CLI profile with `mfa_serial` does."""
        mfa = {"SerialNumber": device, "TokenCode": code}
        return self._try(role, "with MFA, by mfa_serial", self._sts, self._with_mfa(role), **mfa)

    def _session_with_mfa(self, device: str, code: str) -> STSClient:
        keys = self._sts.get_session_token(SerialNumber=device, TokenCode=code)["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=self._settings.region,
        )
        return session.client("sts")

    def _with_mfa(self, role: str) -> Expected:
        if role not in self.own:
            groups = " and ".join(self._settings.access_roles[role].groups)
            return Expected(f"refused: the role is for {groups}", (REFUSED,))
        if _is_over(self._settings, self._user):
            last_day = self._settings.last_days[self._user]
            return Expected(f"refused: the last day of {self._user} was {last_day}", (REFUSED,))
        if self._settings.static_ip_at == "session":
            # The address is tested on each request in the session, not when the role is assumed.
            return Expected(ALLOWED, (ALLOWED,))
        return Expected(f"allowed from {', '.join(self._settings.cidrs)}; refused from elsewhere", (ALLOWED, REFUSED))

    def _try(self, role: str, way: str, sts: STSClient, expected: Expected, **more: str) -> Try:
        arguments = {"RoleSessionName": self._user} | more

        def ask() -> None:
            sts.assume_role(
                RoleArn=f"arn:{self._settings.partition}:iam::{self._settings.target_account_id}:role/{role}",
                DurationSeconds=900,
                **arguments,  # type: ignore[arg-type]  # mypy tries a str on every parameter
            )

        return Try(how=f"{role}, {way}", answer=_answer(ask), expected=expected)


def _is_over(settings: Settings, user: str) -> bool:
    """Whether AWS refuses a user every role, since the last day is over."""
    last_day = settings.last_days.get(user)
    return last_day is not None and datetime.now(UTC) >= end_of(last_day)


def _answer(ask: Callable[[], None]) -> str:
    try:
        ask()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        # AWS answers AccessDenied to a wrong code or device too, which says nothing about the role.
        if "MultiFactorAuthentication failed" in message:
            raise OperationError(
                f"AWS rejected the code: {message} Each code works once: use the next one, and check the device."
            ) from error
        return f"{code} on {error.operation_name}: {message}"
    return ALLOWED


def tries(access_roles: AccessRoles, device: str, codes: Iterator[str]) -> Iterator[Try]:
    """Yield the tries that there are codes for, in order; a code is good for one call.

    Args:
        access_roles: the access roles.
        device: serial number of the MFA device; empty to look it up.
        codes: MFA codes, taken when they are needed.
    """
    yield from access_roles.without_mfa()
    code = next(codes, "")
    if not code:
        return
    device = device or access_roles.device()
    yield from access_roles.with_session(device, code)
    for role in access_roles.own:
        code = next(codes, "")
        if not code:
            return
        yield access_roles.with_serial(role, device, code)


def _codes(given: str) -> Iterator[str]:
    """Yield the codes of `TOKEN=…`, or ask for them on a terminal."""
    if given:
        yield from (code.strip() for code in given.split(","))
    elif sys.stdin.isatty():
        yield input("MFA code: ").strip()
        while True:
            yield input("The next code, for a try by mfa_serial (Enter to leave it out): ").strip()


def _show(result: Try) -> None:
    print(result.how)
    for label, text in (("AWS", result.answer), ("expected", result.expected.text)):
        margin = f"  {label + ':':<10}"
        print(textwrap.fill(text, 80, initial_indent=margin, subsequent_indent=" " * 12, break_on_hyphens=False))


def main() -> int:
    """Try to enter the access roles of a stack; return 0 when each answer is an expected one, else 1."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--stack", default="", help="stack of the target account")
    parser.add_argument("--profile", default="", help="AWS profile with your access keys")
    parser.add_argument("--token", default="", help="MFA codes, separated by commas")
    parser.add_argument("--device", default="", help="serial number of the MFA device")
    arguments = parser.parse_args()
    top = Path.cwd()
    stack = stack_names.existing_stack(top, arguments.stack, "smoke")
    if stack == SECURITY_STACK:
        raise OperationError("Stack security has no access role: name a target's, such as make smoke STACK=preprod.")
    settings = stack_files.read_settings(top, stack)
    try:
        session = boto3.Session(profile_name=arguments.profile or None, region_name=settings.region)
    except ProfileNotFound as error:
        raise OperationError(f"There is no AWS profile {arguments.profile}: name one of ~/.aws/config.") from error

    results = []
    with aws_accounts.explained():
        access_roles = AccessRoles(settings, session)
        print(f"{access_roles.user_arn}, of {' and '.join(access_roles.groups)}")
        for result in tries(access_roles, arguments.device, _codes(arguments.token)):
            _show(result)
            results.append(result)
    if len(results) == len(settings.access_roles):
        print("Not tried with MFA: give a code, TOKEN=123456, or several, TOKEN=123456,234567.")
    for group in access_roles.other_groups:
        members = [name for name in settings.users([group]) if not _is_over(settings, name)]
        print(f"Not tried: group {group}. Try it with the access keys of {' or '.join(members) or 'a member'}.")
    if access_roles.is_local:
        print("These are local accounts, which enforce nothing: their answers prove nothing.")
        return 0
    if all(result.as_expected for result in results):
        print("As expected.")
        return 0
    print("Not as expected: see docs/troubleshooting.md.")
    return 1


if __name__ == "__main__":
    sys.exit(exit_code(main))
