"""Removes all access of one person, in an order that they cannot work around (`make offboard`).

The groups come first: with them goes self-service, so an open session can no longer create or reactivate credentials.
Then the password and the keys, the configuration files, and the targets, whose roles refuse open sessions. The Security
account is deployed last, because a trust policy cannot name a user who is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from configuration.names import REVOKED_SESSIONS
from configuration.times import written
from operations import (
    aws_accounts,
    config_edits,
    credentials,
    deploying,
    left_behind,
    revoke,
    stack_files,
    steps,
    trusts,
)
from operations.errors import OperationError, exit_code
from operations.steps import Step
from settings import SECURITY_STACK, Settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class Offboarding:
    """The taking back of one person's access, as the files and the Security account are now.

    Args:
        top: the repository's top.
        admin: user name, in any case.

    Raises:
        OperationError: the configuration is refused, a group would be left without members, nobody is called so, or
            the Security account cannot be asked. Nothing is changed then.
    """

    def __init__(self, top: Path, admin: str) -> None:
        self._top = top
        self._security = stack_files.read_settings(top, SECURITY_STACK)
        self._targets = {stack: stack_files.read_settings(top, stack) for stack in stack_files.target_stacks(top)}
        users = self._security.users()
        self._admin = next((user for user in users if user.casefold() == admin.casefold()), admin)
        members = self._security.members
        self._groups = [group for group in members if self._admin in members[group]]
        if alone := [group for group in self._groups if len(members[group]) == 1]:
            raise OperationError(
                f"{self._admin} is the only member of {', '.join(alone)}, and a group needs one: in Pulumi.yaml add "
                "somebody to it first, or remove the group (docs/operations.md)."
            )
        self._clients: dict[str, IAMClient] = {}
        self._iam = self._client(SECURITY_STACK, self._security)
        with aws_accounts.explained():
            self._exists = credentials.exists(self._iam, self._admin)
        if not self._exists and not self._groups:
            near = difflib.get_close_matches(self._admin, users, n=1)
            raise OperationError(
                f"There is no user {self._admin}, neither in delegation:groups nor in account "
                f"{self._security.security_account_id}{f': is it {near[0]}?' if near else '.'}"
            )
        self.left_behind: list[str] = []
        """What was found to outlive the access, a sentence each."""

    @property
    def warning(self) -> str:
        """What there is to say about a person whom the configuration does not name, or nothing."""
        if self._groups:
            return ""
        return (
            f"{self._admin} is in no group of Pulumi.yaml: go on if that was taken back before and something failed, "
            "else the name is wrong."
        )

    def steps(self) -> list[Step]:
        """Return what is to be done, in order."""
        files = self._files()
        reach = self._reach()
        deployed = [self._deploy(stack, settings, files) for stack, settings in reach.items()]
        looks = [
            self._look(stack, settings)
            for stack, settings in reach.items()
            if any(role.role_management for role in settings.access_roles.values())
        ]
        security = Step(
            task=f"make up STACK={SECURITY_STACK}: "
            + ("the user is deleted, with keys and devices" if self._security.create_users else "the user stays"),
            do=lambda: self._up(SECURITY_STACK),
            needs=(*files, *deployed),
        )
        return [*self._cut_off(), *files, *deployed, *looks, security, *self._look_at_user()]

    def _cut_off(self) -> list[Step]:
        if not self._exists:
            return []
        iam, user, among = self._iam, self._admin, self._security.groups
        with aws_accounts.explained():
            groups = ", ".join(credentials.groups(iam, user, among)) or "in none now"
            keys = ", ".join(credentials.active_keys(iam, user)) or "none is active now"
        return [
            Step(
                task=f"take {user} out of the groups in the Security account ({groups})",
                do=lambda: credentials.leave_groups(iam, user, among),
            ),
            Step(task=f"delete the console password of {user}", do=lambda: credentials.delete_password(iam, user)),
            Step(
                task=f"switch off the access keys of {user} ({keys})", do=lambda: credentials.deactivate_keys(iam, user)
            ),
        ]

    def _reach(self) -> Mapping[str, Settings]:
        """Return the targets to deploy: those whose roles the person may enter.

        All of them when the configuration does not name the person any more: then this goes on with what was begun.
        """
        if not self._groups:
            return self._targets
        return {
            stack: settings
            for stack, settings in self._targets.items()
            if any(self._admin in settings.users(role.groups) for role in settings.access_roles.values())
        }

    def _files(self) -> tuple[Step, ...]:
        if not self._groups:
            return ()
        task = f"write Pulumi.yaml, without {self._admin} in {', '.join(self._groups)}"
        if reach := list(self._reach()):
            task += f"; {config_edits.REVOKE} of {', '.join(reach)} is now, so everybody switches role again"
        return (Step(task=task, do=lambda: self._write(reach)),)

    def _write(self, reach: list[str]) -> str:
        project = self._top / "Pulumi.yaml"
        texts = revoke.edits(self._top, reach, datetime.now(UTC)) if reach else {}
        shared = config_edits.without_member(project, texts.pop(project, config_edits.read(project)), self._admin)
        # Last: whoever is in no group there is taken for somebody with whom this was begun.
        for file, text in {**texts, project: shared}.items():
            config_edits.write(file, text)
        return f"Written: {', '.join(file.name for file in [*texts, project])}."

    def _deploy(self, stack: str, settings: Settings, files: tuple[Step, ...]) -> Step:
        security = self._security
        user_arn = f"arn:{security.partition}:iam::{security.security_account_id}:user{security.user_path}{self._admin}"

        def do() -> str:
            # The configuration as it was written meanwhile.
            current = stack_files.read_settings(self._top, stack)
            return _nothing_to_deploy(self._client(stack, settings), current, user_arn) or self._up(stack)

        return Step(task=f"make up STACK={stack}: no role trusts {self._admin}, open sessions end", do=do, needs=files)

    def _up(self, stack: str) -> str:
        deploying.up(self._top, stack, yes=True)
        return "Deployed."

    def _look(self, stack: str, settings: Settings) -> Step:
        def do() -> str:
            found = left_behind.bounded_roles(self._client(stack, settings), settings)
            self.left_behind += [f"{stack}: {sentence}" for sentence in found]
            return f"{len(found)} found."

        return Step(task=f"look in {stack} for roles that were made through role management", do=do)

    def _look_at_user(self) -> list[Step]:
        def do() -> str:
            found = left_behind.kept_by_user(self._iam, self._admin)
            self.left_behind += [f"{SECURITY_STACK}: {sentence}" for sentence in found]
            return f"{len(found)} found."

        if not self._exists or self._security.create_users:
            return []
        return [Step(task=f"look for groups and policies that {self._admin} still has", do=do)]

    def _client(self, stack: str, settings: Settings) -> IAMClient:
        if stack not in self._clients:
            account = settings.target_account_id or settings.security_account_id
            with aws_accounts.explained():
                self._clients[stack] = aws_accounts.iam(stack, account, settings.region)
        return self._clients[stack]


def _nothing_to_deploy(iam: IAMClient, settings: Settings, user_arn: str) -> str:
    """Return why a target need not be deployed, as a sentence; empty if it must be."""
    trusted: dict[str, set[str]] = {}
    for name in settings.access_roles:
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            trusted[name] = trusts.principals(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    if not trusted:
        return "Not deployed before, so there is nothing to take back."
    if any(user_arn in principals for principals in trusted.values()):
        return ""
    time = settings.revoke_sessions_before
    if time and not all(written(time) in _revocation(iam, name) for name in trusted):
        return ""
    return "Deployed already."


def _revocation(iam: IAMClient, role_name: str) -> str:
    try:
        return json.dumps(iam.get_role_policy(RoleName=role_name, PolicyName=REVOKED_SESSIONS)["PolicyDocument"])
    except iam.exceptions.NoSuchEntityException:
        return ""


def main() -> int:
    """Take back all access of the command line's person and return the exit code."""
    parser = argparse.ArgumentParser(prog="make offboard", description=__doc__)
    parser.add_argument("--admin", default="", help="user name of the person")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    arguments = parser.parse_args()
    admin = arguments.admin.strip()
    if not admin:
        raise OperationError("Name the person: make offboard ADMIN=… with the user name.")
    deploying.refuse_without_terminal(f"offboard ADMIN={admin}", yes=arguments.yes)
    offboarding = Offboarding(Path.cwd(), admin)
    planned = offboarding.steps()
    print("This will be done, in this order; whatever else the files of these stacks have changed is deployed too:")
    print(*(f"  {number}. {step.task}" for number, step in enumerate(planned, 1)), sep="\n")
    if offboarding.warning:
        print(offboarding.warning)
    if not (arguments.yes or deploying.confirmed("Go on? Type yes: ")):
        raise OperationError("Nothing was changed.")
    complete = steps.run(planned)
    if offboarding.left_behind:
        print(
            "\nLeft behind; look at each (docs/operations.md):", *map("  {}".format, offboarding.left_behind), sep="\n"
        )
    print("\nCommit the changed Pulumi files and merge them: until then a deployment of main gives the access back.")
    if not complete:
        raise OperationError(f"Not everything is done: run make offboard ADMIN={admin} again to continue.")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
