"""What the engine, the program and the policy pack refuse, and that nothing has been made then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stacks import Stacks
from tests.policies.analyzing import printed

STRICT = 'WITH_MFA = {"Bool": {MFA_PRESENT: "true"}}'


@pytest.fixture(scope="module")
def security(stacks: Stacks) -> Stacks:
    """The Security account deployed, the target accounts empty."""
    stacks.update("security", judged=False)
    return stacks


@pytest.fixture
def rewrite(security: Stacks) -> Iterator[Callable[[str, str, str], None]]:
    """Changes a file of the program for one test."""
    undo: list[Callable[[], None]] = []
    yield lambda name, old, new: undo.append(security.rewrite(name, old, new))
    for put_back in reversed(undo):
        put_back()


def nothing_made(stacks: Stacks) -> bool:
    """Tell whether the preprod account is empty and the group without a grant."""
    account = stacks.account("preprod")
    return not account.roles and not account.users and not stacks.account("security").groups[0].inline


def test_a_weakened_document_and_a_wider_address_are_refused(
    security: Stacks, rewrite: Callable[[str, str, str], None]
) -> None:
    rewrite("components/documents.py", STRICT, STRICT.replace('"Bool"', '"BoolIfExists"'))
    # That needs a change in the gate's own file.
    security.configure("preprod", staticIps=["203.0.113.10", "203.0.113.99"])
    try:
        result = security.pulumi("up", "preprod")
    finally:
        security.configure("preprod", staticIps=["203.0.113.10"])
    assert result.returncode != 0
    # By its preview.
    assert "Updating" not in result.output
    assert printed(result.output) >= {
        ("mandatory", "iam-trust-requires-mfa"),
        ("mandatory", "iam-assume-role-requires-mfa"),
        ("mandatory", "iam-assume-role-requires-source-ip"),
    }
    assert "203.0.113.99" in result.output
    assert nothing_made(security)


def test_a_document_unknown_at_preview_is_refused(security: Stacks, rewrite: Callable[[str, str, str], None]) -> None:
    rewrite(
        "components/cross_account_access.py",
        "policy=document,\n",
        "policy=made['TSU-IAM-ACCESS'][0].unique_id.apply(lambda _, document=document: document),\n",
    )
    result = security.pulumi("preview", "preprod")
    assert result.returncode != 0
    assert "cannot be verified" in result.output
    assert nothing_made(security)


def test_credentials_of_a_wrong_account_are_refused(security: Stacks, tmp_path: Path) -> None:
    profiles = Path(security.workspace.env["AWS_CONFIG_FILE"]).read_text()
    elsewhere = tmp_path / "aws-config"
    elsewhere.write_text(profiles.replace("222222222222", "444444444444"))
    result = security.pulumi("up", "preprod", judged=False, env={"AWS_CONFIG_FILE": str(elsewhere)})
    assert result.returncode != 0
    # The real provider names the account that it reached, not the one that it was to reach.
    assert "AWS account ID not allowed: 444444444444" in result.output
    assert nothing_made(security)


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        # Every error of the configuration is reported together.
        pytest.param(
            {
                "staticIps": ["10.0.0.1"],
                "targetAccountId": None,
                "staticIp": ["203.0.113.10"],
                "admins": ["alice"],
                "groups": {"A": ["alice"]},
            },
            (
                "10.0.0.1",
                "targetAccountId",
                "did you mean staticIps?",
                "is now part of delegation:groups in Pulumi.yaml",
                "belongs in Pulumi.yaml",
            ),
            id="private-address-no-account-misspelt-former-and-shared-key",
        ),
        pytest.param(
            {"staticIps": [f"198.{100 + n // 100}.{100 + n % 100}.100" for n in range(400)]},
            ("The inline policies of role", "The grant on group", "IAM allows 5,120"),
            id="over-quotas",
        ),
    ],
)
def test_a_bad_configuration_is_refused_before_any_call(
    security: Stacks, change: dict[str, Any], messages: tuple[str, ...]
) -> None:
    original = {
        "staticIps": ["203.0.113.10"],
        "targetAccountId": "222222222222",
        "admins": None,
        "groups": None,
        "staticIp": None,
    }
    security.configure("preprod", **change)
    try:
        # An address where nobody listens: any call would fail in other words.
        result = security.pulumi("up", "preprod", judged=False, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    finally:
        security.configure("preprod", **{key: original[key] for key in change})
    assert result.returncode != 0
    for message in messages:
        assert message in result.output
    assert "Traceback" not in result.output
    assert nothing_made(security)


def test_a_missing_passphrase_is_told(security: Stacks) -> None:
    run = security.workspace.run
    run("stack", "init", "production", "--secrets-provider", "passphrase").check()
    result = run("preview", "--stack", "production", env={"PULUMI_CONFIG_PASSPHRASE": None})
    assert result.returncode != 0
    assert "passphrase" in result.output
    assert "PULUMI_CONFIG_PASSPHRASE" in result.output


def test_a_target_without_the_security_stack_is_told_what_to_do(security: Stacks) -> None:
    with security.sharing(groups={"Nobody": ["alice"]}, roles={"TSU-IAM-ACCESS": {"groups": ["Nobody"]}}):
        result = security.pulumi("up", "preprod", "--skip-preview", judged=False)
    assert result.returncode != 0
    assert "Deploy the security stack first: make up STACK=security" in result.output
    assert nothing_made(security)
