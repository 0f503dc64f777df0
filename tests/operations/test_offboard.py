"""`make offboard` on local accounts; `make up` is stood for by a small executable, tests/e2e has the real one."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from configuration.times import written
from operations import aws_accounts, offboard, stack_files
from sandbox.local_accounts import LocalAccounts, Profile
from sandbox.stack_files import share

Runs = Callable[..., tuple[int, str, str]]
GROUPS = {
    "IT-Admins": ["alice", {"name": "carol", "until": "2027-01-31"}],
    "Auditors": ["dave", {"name": "carol", "until": "2027-01-31"}],
}
ROLES = {
    "TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}},
    "TSU-AUDIT": {"groups": ["Auditors"]},
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


NUMBERS = itertools.count(500000000001)


def trust(principal: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def groups(repository: Path) -> Any:
    return yaml.safe_load((repository / "Pulumi.yaml").read_text())["config"]["groups"]["default"]


class People:
    """The Security account and preprod as they are while carol is in two groups."""

    def __init__(self, accounts: LocalAccounts, security: str, preprod: str) -> None:
        self.account = security
        self.carol = f"arn:aws:iam::{security}:user/carol"
        self.security, self.preprod = accounts.iam(security), accounts.iam(preprod)
        for name in ("alice", "carol", "dave"):
            self.security.create_user(UserName=name)
        for group in (*GROUPS, "Others"):
            self.security.create_group(GroupName=group)
            self.security.add_user_to_group(GroupName=group, UserName="carol")
        self.security.create_login_profile(UserName="carol", Password="a first password")  # noqa: S106
        self.keys = [self.security.create_access_key(UserName="carol")["AccessKey"]["AccessKeyId"] for _ in range(2)]
        self.security.update_access_key(UserName="carol", AccessKeyId=self.keys[0], Status="Inactive")
        for role in ROLES:
            self.preprod.create_role(RoleName=role, AssumeRolePolicyDocument=trust({"AWS": [self.carol]}))

    def groups_of_carol(self) -> list[str]:
        return [group["GroupName"] for group in self.security.list_groups_for_user(UserName="carol")["Groups"]]

    def key_states(self) -> dict[str, str]:
        listed = self.security.list_access_keys(UserName="carol")["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in listed}


@pytest.fixture
def people(repository: Path, accounts: LocalAccounts, monkeypatch: pytest.MonkeyPatch) -> People:
    """Two stacks, `security` and `preprod`, and accounts of their own."""
    share(repository, groups=GROUPS, roles=ROLES)
    (repository / "Pulumi.production.yaml").unlink()
    ids = {"security": f"{next(NUMBERS):012}", "preprod": f"{next(NUMBERS):012}"}
    for stack in ids:
        file = repository / f"Pulumi.{stack}.yaml"
        file.write_text(file.read_text().replace("1" * 12, ids["security"]).replace("2" * 12, ids["preprod"]))
    profiles = [Profile(name=f"delegation-{name}", account_id=id_, region="us-east-1") for name, id_ in ids.items()]
    for name, value in accounts.environment(profiles).items():
        monkeypatch.setenv(name, value)
    return People(accounts, **ids)


@pytest.fixture
def run(made: Path, command: Runs) -> Runs:
    del made
    return partial(command, offboard.main)


def ups(made: Path) -> list[str]:
    lines = made.read_text().splitlines() if made.exists() else []
    return [line.removeprefix("up STACK=").removesuffix(" ARGS=--yes") for line in lines]


def listed(told: str, heading: str) -> list[str]:
    """Return the entries under a heading of the last list."""
    _, _, rest = told.partition(f"\n{heading}:\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines() if line.startswith("  ")]


def test_everything_is_taken_back_targets_before_the_security_account(
    repository: Path, people: People, made: Path, run: Runs
) -> None:
    code, told, error = run("--admin=carol", "--yes")
    assert (code, error) == (0, "")
    assert people.groups_of_carol() == ["Others"]
    assert people.key_states() == dict.fromkeys(people.keys, "Inactive")
    with pytest.raises(people.security.exceptions.NoSuchEntityException):
        people.security.get_login_profile(UserName="carol")
    assert groups(repository) == {"IT-Admins": ["alice"], "Auditors": ["dave"]}
    assert stack_files.read_settings(repository, "preprod").revoke_sessions_before is not None
    assert ups(made) == ["preprod", "security"]
    assert len(listed(told, "Done")) == 7
    assert "Commit the changed Pulumi files" in told


def test_the_cut_off_comes_first_and_self_service_before_the_credentials(
    people: People, monkeypatch: pytest.MonkeyPatch, run: Runs
) -> None:
    del people
    calls: list[str] = []
    reach = aws_accounts.iam

    def recording(name: str, account_id: str, region: str) -> Any:
        client = reach(name, account_id, region)
        client.meta.events.register("before-call.iam", lambda model, **_: calls.append(f"{name} {model.name}"))
        return client

    monkeypatch.setattr(aws_accounts, "iam", recording)
    run("--admin=carol", "--yes")
    changes = [call for call in calls if not call.split()[1].startswith(("Get", "List"))]
    assert changes == [
        "security RemoveUserFromGroup",
        "security RemoveUserFromGroup",
        "security DeleteLoginProfile",
        "security UpdateAccessKey",
    ]
    assert calls.index("security UpdateAccessKey") < min(
        i for i, call in enumerate(calls) if call.startswith("preprod")
    )


def test_roles_of_role_management_are_named_with_date_and_trust(people: People, run: Runs) -> None:
    people.preprod.create_role(
        RoleName="back-door",
        AssumeRolePolicyDocument=trust({"AWS": "arn:aws:iam::999999999999:root"}),
        PermissionsBoundary=READ_ONLY,
    )
    people.preprod.create_role(
        RoleName="lambda",
        Path="/x/",
        AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}),
        PermissionsBoundary=READ_ONLY,
    )
    people.preprod.create_role(RoleName="unbounded", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    _, told, _ = run("--admin=carol", "--yes")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert listed(told, "Left behind; look at each (docs/operations.md)") == [
        f"preprod: Role lambda, made on {today}, not used lately, trusts lambda.amazonaws.com.",
        f"preprod: Role back-door, made on {today}, not used lately, trusts arn:aws:iam::999999999999:root.",
    ]


def test_a_user_who_is_not_made_here_keeps_what_the_program_does_not_manage(
    repository: Path, people: People, run: Runs
) -> None:
    share(repository, createUsers=False)
    people.security.attach_user_policy(UserName="carol", PolicyArn=READ_ONLY)
    people.security.put_user_policy(
        UserName="carol",
        PolicyName="own",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    )
    code, told, _ = run("--admin=carol", "--yes")
    assert code == 0
    assert "make up STACK=security: the user stays" in told
    assert listed(told, "Left behind; look at each (docs/operations.md)") == [
        "security: User carol is in group Others, which the program does not manage.",
        f"security: User carol has the policy {READ_ONLY}, which the program does not manage.",
        "security: User carol has the inline policy own, which the program does not manage.",
    ]


@pytest.mark.usefixtures("people")
def test_a_failure_keeps_what_does_not_need_it_and_the_next_run_goes_on(
    repository: Path, made: Path, run: Runs
) -> None:
    made.with_name("failing").write_text("STACK=preprod")
    code, told, error = run("--admin=carol", "--yes")
    assert code == 1
    assert ups(made) == ["preprod"]
    assert [entry.partition(":")[0] for entry in listed(told, "Failed")] == ["make up STACK=preprod"]
    assert [entry.partition(":")[0] for entry in listed(told, "Not done")] == ["make up STACK=security"]
    assert len(listed(told, "Done")) == 5
    assert error.endswith("run make offboard ADMIN=carol again to continue.\n")

    made.with_name("failing").unlink()
    time = stack_files.read_settings(repository, "preprod").revoke_sessions_before
    code, told, error = run("--admin=carol", "--yes")
    assert (code, error) == (0, "")
    assert "carol is in no group of Pulumi.yaml: go on if that was taken back before" in told
    assert ups(made) == ["preprod", "preprod", "security"]
    assert stack_files.read_settings(repository, "preprod").revoke_sessions_before == time


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("revoked", [True, False])
def test_a_target_that_has_it_all_already_is_not_deployed_again(
    repository: Path, people: People, made: Path, run: Runs, trusted: bool, revoked: bool
) -> None:
    share(repository, groups={"IT-Admins": ["alice"], "Auditors": ["dave"]})
    time = datetime(2026, 11, 25, 10, tzinfo=UTC)
    with (repository / "Pulumi.preprod.yaml").open("a") as file:
        file.write(f"  delegation:revokeSessionsBefore: {written(time)}\n")
    for role in ROLES:
        if not trusted:
            people.preprod.update_assume_role_policy(
                RoleName=role, PolicyDocument=trust({"AWS": people.carol.replace("carol", "alice")})
            )
        if revoked:
            document = {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": written(time)}},
            }
            people.preprod.put_role_policy(
                RoleName=role,
                PolicyName="revoked-sessions",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
            )
    code, told, _ = run("--admin=carol", "--yes")
    assert code == 0
    assert ups(made) == [*(["preprod"] if trusted or not revoked else []), "security"]
    assert ("Deployed already." in told) == (revoked and not trusted)


def test_a_target_without_roles_is_not_deployed_for_it(people: People, made: Path, run: Runs) -> None:
    for role in ROLES:
        people.preprod.delete_role(RoleName=role)
    code, told, _ = run("--admin=carol", "--yes")
    assert (code, ups(made)) == (0, ["security"])
    assert "Not deployed before, so there is nothing to take back." in told


def test_an_account_that_cannot_be_reached_fails_alone(repository: Path, people: People, made: Path, run: Runs) -> None:
    text = (repository / "Pulumi.preprod.yaml").read_text()
    elsewhere = re.sub("targetAccountId: .*", 'targetAccountId: "444444444444"', text)
    (repository / "Pulumi.staging.yaml").write_text(elsewhere)
    code, told, error = run("--admin=carol", "--yes")
    assert code == 1
    assert people.key_states() == dict.fromkeys(people.keys, "Inactive")
    assert ups(made) == ["preprod"]
    assert "There is no AWS profile delegation-staging" in error
    assert "make up STACK=security" in "".join(listed(told, "Not done"))


def test_only_stacks_that_the_person_may_enter_are_deployed(
    repository: Path, people: People, made: Path, run: Runs
) -> None:
    del people
    share(repository, groups={"IT-Admins": ["alice"], "Auditors": ["dave", "carol"]})
    with (repository / "Pulumi.preprod.yaml").open("a") as file:
        file.write("  delegation:only: {groups: [IT-Admins]}\n")
    code, _, _ = run("--admin=carol", "--yes")
    assert (code, ups(made)) == (0, ["security"])
    assert stack_files.read_settings(repository, "preprod").revoke_sessions_before is None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "done"), [("yes\n", True), ("y\n", False), ("", False)])
def test_it_asks_once_and_only_yes_goes_on(
    people: People, monkeypatch: pytest.MonkeyPatch, run: Runs, answer: str, done: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    code, told, error = run("--admin=Carol")
    assert (code == 0) == done
    assert (people.groups_of_carol() == ["Others"]) == done
    if not done:
        assert error == "Nothing was changed.\n"
    plan = told.split("Go on?")[0]
    assert told.count("Go on? Type yes: ") == 1
    for task in (
        "1. take carol out of the groups in the Security account (IT-Admins, Auditors)",
        "2. delete the console password of carol",
        f"3. switch off the access keys of carol ({people.keys[1]})",
        "4. write Pulumi.yaml, without carol in IT-Admins, Auditors; revokeSessionsBefore of preprod is now",
        "5. make up STACK=preprod: no role trusts carol",
        "6. look in preprod for roles",
        "7. make up STACK=security: the user is deleted, with keys and devices",
    ):
        assert task in plan


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--yes"], "Name the person: make offboard ADMIN=…", id="nobody"),
        pytest.param(["--admin=carol"], "There is no terminal to confirm on: use make offboard", id="unasked"),
        pytest.param(["--admin=carrol", "--yes"], "There is no user carrol, neither in delegation:groups", id="typo"),
        pytest.param(["--admin=bo", "--yes"], "There is no user bo, neither in delegation:groups", id="unlisted"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    people: People, made: Path, run: Runs, arguments: list[str], message: str
) -> None:
    code, told, error = run(*arguments)
    assert (code, told) == (1, "")
    assert error.startswith(message)
    assert len(people.groups_of_carol()) == 3
    assert not made.exists()


def test_a_typo_has_a_suggestion(people: People, run: Runs) -> None:
    assert run("--admin=carrol", "--yes")[2].endswith(f"in account {people.account}: is it carol?\n")


def test_a_group_that_would_be_empty_is_refused_before_anything_is_done(
    repository: Path, people: People, made: Path, run: Runs
) -> None:
    share(repository, groups={"IT-Admins": ["alice", "carol"], "Auditors": ["carol"]})
    code, told, error = run("--admin=carol", "--yes")
    assert (code, told) == (1, "")
    assert error.startswith("carol is the only member of Auditors, and a group needs one")
    assert len(people.groups_of_carol()) == 3
    assert not made.exists()


def test_a_person_whom_iam_does_not_know_leaves_the_configuration(
    repository: Path, people: People, made: Path, run: Runs
) -> None:
    share(repository, groups={"IT-Admins": ["alice", "mallory"]}, roles={"TSU-IAM-ACCESS": ROLES["TSU-IAM-ACCESS"]})
    code, told, _ = run("--admin=mallory", "--yes")
    assert code == 0
    assert groups(repository) == {"IT-Admins": ["alice"]}
    assert "password" not in told
    assert ups(made) == ["preprod", "security"]
    assert people.key_states()[people.keys[1]] == "Active"
