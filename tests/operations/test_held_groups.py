"""Groups that are to be deleted and hold grants; Pulumi is stood for by a small executable, the account is local."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.errors import exit_code
from operations.stack import ask
from sandbox import stack_files
from sandbox.local_accounts import LocalAccounts

Runs = Callable[[str], tuple[int, str]]
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}'
IN_PREPROD, ELSEWHERE = "assume-TSU-IAM-ACCESS-in-222222222222", "assume-TSU-IAM-ACCESS-in-999999999999"
REFUSED = "Stack security would delete groups that still have grants, which AWS refuses. "


@pytest.fixture(scope="module")
def iam(server: LocalAccounts) -> Any:
    """The Security account: IT-Admins and Former with grants, Bare with none."""
    iam = server.iam("111111111111")
    for group in ("IT-Admins", "Former", "Bare"):
        iam.create_group(GroupName=group)
    for group, policy in (("IT-Admins", IN_PREPROD), ("Former", IN_PREPROD), ("Former", ELSEWHERE)):
        iam.put_group_policy(GroupName=group, PolicyName=policy, PolicyDocument=DOCUMENT)
    return iam


@pytest.fixture
def state(exported: Path) -> Callable[..., None]:
    """Writes a state with these groups, and a user."""

    def write(*groups: str) -> None:
        named = [*(("aws:iam/group:Group", group) for group in groups), ("aws:iam/user:User", "Former")]
        resources = [{"type": type_, "id": id_} for type_, id_ in named]
        exported.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))

    return write


@pytest.fixture
def run(
    repository: Path,
    accounts: LocalAccounts,
    iam: Any,
    capsys: pytest.CaptureFixture[str],
) -> Runs:
    """Runs the check before a verb; returns the exit code and what a person reads."""
    del accounts, iam

    def run(verb: str) -> tuple[int, str]:
        said: list[str] = []

        def check() -> int:
            said.extend(ask(verb, "security", repository))
            return 0

        code = exit_code(check)
        return code, "".join(f"{note}\n" for note in said) + capsys.readouterr().err

    return run


@pytest.mark.parametrize(("verb", "code"), [("preview", 0), ("up", 1)])
def test_a_group_that_the_configuration_has_no_more_names_what_to_deploy(
    run: Runs, state: Callable[..., None], verb: str, code: int
) -> None:
    state("IT-Admins", "Former", "Bare")
    found, said = run(verb)
    assert found == code
    assert said == (
        f"{REFUSED}Remove the grants first:\n  Former: {IN_PREPROD} (make up STACK=preprod), {ELSEWHERE} (by hand)\n"
    )


def test_all_groups_go_with_the_stack(run: Runs, state: Callable[..., None]) -> None:
    state("IT-Admins", "Bare")
    assert run("up") == (0, "")
    code, said = run("destroy")
    assert code == 1
    assert f"  IT-Admins: {IN_PREPROD} (make destroy STACK=preprod)\n" in said


@pytest.mark.parametrize("groups", [("IT-Admins",), ("Bare",), ("gone-by-hand",), ()])
def test_a_group_that_stays_or_holds_nothing_is_no_matter(
    run: Runs, state: Callable[..., None], groups: tuple[str, ...]
) -> None:
    state(*groups)
    assert run("up") == (0, "")


@pytest.mark.usefixtures("exported")
def test_a_state_that_pulumi_cannot_read_is_left_to_it(run: Runs) -> None:
    assert run("up") == (0, "")


@pytest.mark.parametrize("verb", ["preview", "up", "destroy"])
def test_a_configuration_that_the_program_refuses_is_said(
    run: Runs, state: Callable[..., None], repository: Path, verb: str
) -> None:
    state("Former")
    stack_files.share(repository, groups={})
    code, said = run(verb)
    assert code == 1
    assert said.startswith("The configuration of stack 'security' has an error")


@pytest.mark.parametrize(("verb", "code"), [("preview", 0), ("up", 1)])
def test_an_account_that_cannot_be_asked_is_said(
    run: Runs, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, code: int
) -> None:
    state("Former")
    (tmp_path / "no-profiles").touch()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-profiles"))
    found, said = run(verb)
    assert found == code
    assert said.startswith("There is no AWS profile delegation-security: add it to ~/.aws/config")
