"""Tries to enter the access role of one target account with an admin's own access keys (`make smoke`).

It asks AWS for the access role without MFA, with MFA carried by GetSessionToken, and with MFA in the AssumeRole call
itself, from wherever it runs, and prints each answer beside what is expected. It does nothing in the role.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError, ProfileNotFound

from operations import aws_accounts, stack_files
from operations.errors import OperationError, exit_code
from settings import SECURITY_STACK, Settings

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

ALLOWED = "allowed"
REFUSED = "AccessDenied"


@dataclass(frozen=True, kw_only=True)
class Try:
    """One way of asking for the access role, and AWS's answer."""

    how: str
    """The way, in words."""
    answer: str
    """`allowed`, or AWS's refusal: code, operation and message."""
    expected: str
    """What should come of it, in words."""
    answers: tuple[str, ...]
    """How an expected answer begins; more than one where it depends on the address."""

    @property
    def as_expected(self) -> bool:
        """Whether the answer is an expected one."""
        return self.answer.startswith(self.answers)


class AccessRole:
    """The access role of one target account, as an admin's access keys find it.

    Args:
        settings: settings of the target's stack.
        session: AWS session of the admin's long-term access keys.

    Raises:
        OperationError: the session is not that of an admin's own access keys.
    """

    def __init__(self, settings: Settings, session: boto3.Session) -> None:
        self._settings = settings
        self._session = session
        credentials = session.get_credentials()
        if credentials is None:
            raise OperationError("There are no AWS credentials: name a profile with your access keys, PROFILE=….")
        if credentials.token:
            raise OperationError(
                "These are temporary credentials, so nothing can be asked for without MFA: "
                "name a profile with your own access keys, PROFILE=…."
            )
        self._sts: STSClient = session.client("sts")
        self.user_arn = self._sts.get_caller_identity()["Arn"]
        users = f"arn:{settings.partition}:iam::{settings.security_account_id}:user{settings.user_path}"
        reach = [
            name
            for name, role in settings.access_roles.items()
            if self.user_arn in [users + user for user in settings.users(role.groups)]
        ]
        if not reach:
            named = settings.users([group for role in settings.access_roles.values() for group in role.groups])
            raise OperationError(
                f"These are the access keys of {self.user_arn}, whom no role of stack {settings.stack} is for; they "
                f"are for {', '.join(named)} under {users}. Name the profile of one of them, PROFILE=…."
            )
        self.role_arn = f"arn:{settings.partition}:iam::{settings.target_account_id}:role/{reach[0]}"

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
        name = self.user_arn.rpartition("/")[2]
        devices = self._session.client("iam").list_mfa_devices(UserName=name)["MFADevices"]
        # Passkeys and security keys (u2f) make no codes, and STS takes codes only.
        serials = [device["SerialNumber"] for device in devices if ":u2f/" not in device["SerialNumber"]]
        if not serials:
            raise OperationError(f"User {name} has no MFA device that makes codes: enrol an authenticator app.")
        if len(serials) > 1:
            raise OperationError(f"User {name} has several MFA devices: name one, DEVICE=… of {', '.join(serials)}.")
        return serials[0]

    def without_mfa(self) -> Try:
        """Ask with the access keys alone."""
        answer = _answer(lambda: self._assume(self._sts))
        return Try(how="without MFA", answer=answer, expected="refused", answers=(REFUSED,))

    def with_session(self, device: str, code: str) -> Try:
        """Ask with a session of GetSessionToken, which carries MFA on."""

        def ask() -> None:
            keys = self._sts.get_session_token(SerialNumber=device, TokenCode=code)["Credentials"]
            session = boto3.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                region_name=self._settings.region,
            )
            self._assume(session.client("sts"))

        return self._with_mfa("with MFA, by GetSessionToken", ask)

    def with_serial(self, device: str, code: str) -> Try:
        """Ask with MFA in the call itself, as a CLI profile with `mfa_serial` does."""
        return self._with_mfa(
            "with MFA, by mfa_serial", lambda: self._assume(self._sts, SerialNumber=device, TokenCode=code)
        )

    def _with_mfa(self, how: str, ask: Callable[[], None]) -> Try:
        if self._settings.static_ip_at == "session":
            # The address is tested on each request in the session, not when the role is assumed.
            return Try(how=how, answer=_answer(ask), expected=ALLOWED, answers=(ALLOWED,))
        expected = f"allowed from {', '.join(self._settings.cidrs)}; refused from elsewhere"
        return Try(how=how, answer=_answer(ask), expected=expected, answers=(ALLOWED, REFUSED))

    def _assume(self, sts: STSClient, **mfa: str) -> None:
        name = self.user_arn.rpartition("/")[2]
        sts.assume_role(
            RoleArn=self.role_arn,
            RoleSessionName=name,
            DurationSeconds=900,
            **mfa,  # type: ignore[arg-type]  # mypy tries a str on every parameter, and mfa holds two of them
        )


def _answer(ask: Callable[[], None]) -> str:
    try:
        ask()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        # AWS answers AccessDenied to a wrong code or device too, which says nothing about the role.
        if "MultiFactorAuthentication failed" in message:
            raise OperationError(
                f"AWS did not take the code: {message} Each code is good once: try the next, and check the device."
            ) from error
        return f"{code} on {error.operation_name}: {message}"
    return ALLOWED


def tries(access_role: AccessRole, device: str, codes: Iterator[str]) -> Iterator[Try]:
    """Yield the tries that there are codes for, in order; a code is good for one try.

    Args:
        role: the access role.
        device: serial number of the MFA device; empty to look it up.
        codes: MFA codes, taken when they are needed.
    """
    yield access_role.without_mfa()
    for ask in (access_role.with_session, access_role.with_serial):
        code = next(codes, "")
        if not code:
            return
        device = device or access_role.device()
        yield ask(device, code)


def _codes(given: str) -> Iterator[str]:
    """Yield the codes of `TOKEN=…`, or ask for them on a terminal."""
    if given:
        yield from (code.strip() for code in given.split(","))
    elif sys.stdin.isatty():
        yield input("MFA code: ").strip()
        yield input("The next code, for the try by mfa_serial (Enter to leave it out): ").strip()


def _show(result: Try) -> None:
    print(result.how)
    for label, text in (("AWS", result.answer), ("expected", result.expected)):
        margin = f"  {label + ':':<10}"
        print(textwrap.fill(text, 80, initial_indent=margin, subsequent_indent=" " * 12, break_on_hyphens=False))


def main() -> int:
    """Try to enter the access role of a stack; return 0 when each answer is an expected one, else 1."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--stack", default="")
    parser.add_argument("--profile", default="", help="AWS profile with an admin's access keys")
    parser.add_argument("--token", default="", help="one MFA code, or two with a comma")
    parser.add_argument("--device", default="", help="serial number of the MFA device")
    arguments = parser.parse_args()
    top = Path.cwd()
    stack = stack_files.existing_stack(top, arguments.stack, "smoke")
    if stack == SECURITY_STACK:
        raise OperationError("Stack security has no access role: name a target's, such as make smoke STACK=preprod.")
    settings = stack_files.read_settings(top, stack)
    try:
        session = boto3.Session(profile_name=arguments.profile or None, region_name=settings.region)
    except ProfileNotFound as error:
        raise OperationError(f"There is no AWS profile {arguments.profile}: name one of ~/.aws/config.") from error

    results = []
    with aws_accounts.explained():
        access_role = AccessRole(settings, session)
        print(f"{access_role.user_arn}\nasks for {access_role.role_arn}")
        for result in tries(access_role, arguments.device, _codes(arguments.token)):
            _show(result)
            results.append(result)
    if len(results) == 1:
        print("Not tried with MFA: give a code, TOKEN=123456, or two, TOKEN=123456,234567.")
    if access_role.is_local:
        print("These are local accounts, which enforce nothing: their answers prove nothing.")
        return 0
    if all(result.as_expected for result in results):
        print("As expected.")
        return 0
    print("Not as expected: see docs/troubleshooting.md.")
    return 1


if __name__ == "__main__":
    sys.exit(exit_code(main))
