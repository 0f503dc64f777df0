"""docs/policy-pack.md, command by command, with a program that is not this repository's."""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
from collections.abc import Iterator

import pytest

from sandbox.workspace import Workspace
from tests.documents import allow, document
from tests.operations.documents import ELSEWHERE, TOP, Command, commands
from tests.policies.analyzing import printed
from tests.workspaces import open_workspace, secrets_provider

pytestmark = pytest.mark.steps

DEFAULT, ADVISORY, SOME, DECLARED, EXEMPT = re.findall(r"```json\n(.*?)```", (TOP / ELSEWHERE).read_text(), re.DOTALL)
PREVIEW, EXPORT, ANALYZE, CHECK = "pulumi preview", "pulumi stack export", "pulumi policy analyze", "python "
# A role of a function with another stack's policy, and a vendor's.
PROGRAM = """
    import json
    import pulumi
    import pulumi_aws as aws

    def trust(principal, condition):
        return json.dumps({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}})

    accounts = json.loads(pulumi.Config().require("accounts"))
    opts = pulumi.ResourceOptions(provider=aws.Provider(
        "shop", region="us-east-1", profile="delegation-preprod", allowed_account_ids=accounts))
    worker = aws.iam.Role("worker", name="worker", opts=opts,
        assume_role_policy=trust({"Service": "lambda.amazonaws.com"}, {}))
    aws.iam.RolePolicyAttachment("worker-legacy", role=worker.name, opts=opts,
        policy_arn="arn:aws:iam::222222222222:policy/legacy")
    aws.iam.Role("scanner", name="scanner", opts=opts, assume_role_policy=trust(
        {"AWS": "arn:aws:iam::999999999999:root"}, {"StringEquals": {"sts:ExternalId": "abc-123"}}))
"""


class Shop:
    """Somebody's program with a copy of the policy pack, beside a clone of this repository."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.root.parent / "shop"
        self.output = ""
        """Of the last preview."""

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-euc", text], cwd=self.folder, env=self._workspace.env, capture_output=True, text=True
        )

    def done(self, text: str) -> str:
        result = self.run(text)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def documented(self, beginning: str) -> Command:
        (command,) = (one for one in commands() if one.document == ELSEWHERE and one.text.startswith(beginning))
        return command

    def findings(self, *, default: str = DEFAULT, stack: str, passes: bool) -> set[tuple[str, str]]:
        """Preview as the page says; return level and name of each policy that found something."""
        self.configure(default=default, stack=stack)
        result = self.run(self.documented(PREVIEW).text)
        assert (result.returncode == 0) == passes, result.stdout + result.stderr
        self.output = result.stdout
        return printed(result.stdout)

    def configure(self, *, default: str, stack: str) -> None:
        (self.folder / "policies/delegation/config/default.json").write_text(default)
        (self.folder / "policies/dev.json").write_text(stack)

    def make_legacy_policy(self) -> None:
        iam = self._workspace.accounts.iam("222222222222")
        iam.create_policy(PolicyName="legacy", PolicyDocument=json.dumps(document(allow("s3:GetObject"))))

    def accounts(self, *ids: str) -> None:
        file = self.folder / "Pulumi.dev.yaml"
        key_of_secrets = file.read_text().partition("config:")[0]
        file.write_text(f"{key_of_secrets}config:\n  shop:accounts: '{json.dumps(ids)}'\n")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with open_workspace() as workspace:
        workspace.root.with_name("delegation").symlink_to(workspace.root)
        shop = Shop(workspace)
        shop.folder.mkdir()
        (shop.folder / "__main__.py").write_text(textwrap.dedent(PROGRAM))
        venv = workspace.root / ".venv"
        (shop.folder / "Pulumi.yaml").write_text(
            f"name: shop\nruntime: {{name: python, options: {{virtualenv: {venv}}}}}\n"
        )
        for beginning in ("mkdir", "cp", "rm"):
            shop.done(shop.documented(beginning).text)
        # In place of `pulumi install`, which needs a network.
        (shop.folder / "policies/delegation/.venv").symlink_to(venv)
        shop.done(f"pulumi stack init dev --secrets-provider '{secrets_provider(workspace)}'")
        yield shop


def test_advisory_findings_let_the_preview_pass(shop: Shop) -> None:
    shop.accounts()
    assert shop.findings(stack=ADVISORY, passes=True) == {
        ("advisory", name)
        for name in (
            "iam-explicit-account-provider",
            "iam-trust-names-users-only",
            "iam-trust-requires-mfa",
            "iam-access-role-users-only",
            "iam-attached-policies-are-known",
        )
    }


def test_policies_are_switched_on_one_by_one(shop: Shop) -> None:
    shop.accounts("222222222222")
    found = shop.findings(stack=SOME, passes=False)
    assert [name for level, name in found if level == "mandatory"] == ["iam-trust-requires-mfa"]
    assert ("advisory", "iam-trust-names-users-only") in found
    # Pulumi keeps the lines of a violation.
    assert re.search(r"MFA:\n +statement 1 .*,\n +because .*\.\n +Require it", shop.output)


def test_declared_and_exempt_is_reported_and_passes(shop: Shop) -> None:
    shop.accounts("222222222222")
    found = shop.findings(default=DECLARED, stack=EXEMPT, passes=True)
    assert found == {("advisory", "delegation-exemptions-used")}
    shop.done(shop.documented(CHECK).text)
    (shop.folder / "policies/dev.json").write_text(ADVISORY)
    assert "lowers mandatory policies" in shop.run(shop.documented(CHECK).text).stderr


def test_an_exported_state_is_judged_too(shop: Shop) -> None:
    shop.accounts("222222222222")
    shop.configure(default=DECLARED, stack=ADVISORY)
    shop.make_legacy_policy()
    shop.done("pulumi up --yes --skip-preview --stack dev")
    shop.done(shop.documented(EXPORT).text)
    assert "iam-attached-policies-are-known" in shop.done(shop.documented(ANALYZE).text)
