"""The policy pack on the real engine, in somebody's program: what it refuses before anything is made, and what it lets
be."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import pytest

from sandbox.workspace import Workspace
from tests.documents import allow, document, trusting
from tests.policies.analyzing import printed
from tests.policies.running import ELSEWHERE, TARGET
from tests.workspaces import initialize, open_workspace

PROGRAM = """
    import json
    import pulumi
    import pulumi_aws as aws

    opts = pulumi.ResourceOptions(provider=aws.Provider(
        "shop", region="us-east-1", profile="delegation-preprod", allowed_account_ids=["TARGET"]))
    GRANT, BUILD, PEOPLE = (json.dumps(one) for one in json.loads('''DOCUMENTS'''))

    def role(name, trust):
        return aws.iam.Role(name, name=name, assume_role_policy=trust, opts=opts)

    def policy(name, role):
        aws.iam.RolePolicy(name, role=role, policy=GRANT, opts=opts)

    match pulumi.Config().require("what"):
        case "program":
            build = role("build", BUILD)
            policy("grant", build.name)
            aws.iam.RolePolicyAttachment("power", role=build.name, opts=opts,
                policy_arn="arn:aws:iam::aws:policy/PowerUserAccess")
        case "people":
            policy("grant", role("people", PEOPLE).name)
        case "renamed":
            policy("grant", role("builder", BUILD).name.apply(lambda _: "by-hand"))
        case "decoy":
            role("by-hand", BUILD)
            policy("grant", "by-hand")
"""
DOCUMENTS = [
    document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/report")),
    document(trusting({"Service": "codebuild.amazonaws.com"})),
    document(
        trusting(
            {"AWS": f"arn:aws:iam::{TARGET}:root"},
            ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/aws-reserved/sso.amazonaws.com/*"},
        )
    ),
]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as opened:
        (opened.root / "__main__.py").write_text(
            textwrap.dedent(PROGRAM).replace("TARGET", TARGET).replace("DOCUMENTS", json.dumps(DOCUMENTS))
        )
        (opened.root / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {virtualenv: .venv}}\n")
        (opened.root / "policypacks/delegation/config/default.json").write_text("{}")
        (opened.root / "none.json").write_text("{}")
        yield opened


@pytest.fixture(scope="module")
def by_hand(workspace: Workspace) -> str:
    """The name of a role for people that somebody made by hand."""
    trust = json.dumps(DOCUMENTS[2])
    workspace.accounts.iam(TARGET).create_role(RoleName="by-hand", AssumeRolePolicyDocument=trust)
    return "by-hand"


def refusals(workspace: Workspace, what: str, *command: str) -> set[str]:
    """Return the mandatory policies that a run of the program finds something by, each `what` a stack of its own."""
    file = workspace.root / f"Pulumi.{what}.yaml"
    if not file.exists():
        initialize(workspace, what)
        with file.open("a") as opened:
            opened.write(f"config:\n  shop:what: {what}\n")
    pack = ("--policy-pack", "policypacks/delegation", "--policy-pack-config", "none.json")
    result = workspace.run(*command, "--stack", what, *pack)
    found = {name for level, name in printed(result.output) if level == "mandatory"}
    assert (result.returncode == 0) == (not found), result.output
    return found


PREVIEW, UPDATE = ("preview",), ("up", "--yes", "--skip-preview")
ASKED = {"iam-assume-role-requires-mfa", "iam-assume-role-requires-source-ip"}


def test_a_program_s_role_is_not_asked(workspace: Workspace) -> None:
    for command in (PREVIEW, UPDATE, PREVIEW):
        assert refusals(workspace, "program", *command) == set()


def test_a_people_s_role_is_refused_before_its_policy_is_made(workspace: Workspace) -> None:
    assert refusals(workspace, "people", *PREVIEW) == ASKED
    assert refusals(workspace, "people", *UPDATE) == ASKED
    assert workspace.accounts.iam(TARGET).list_role_policies(RoleName="people")["PolicyNames"] == []


def test_a_name_made_of_a_program_s_output_is_refused_once_it_is_another(workspace: Workspace, by_hand: str) -> None:
    assert refusals(workspace, "renamed", *UPDATE) == ASKED
    assert workspace.accounts.iam(TARGET).list_role_policies(RoleName=by_hand)["PolicyNames"] == []


@pytest.mark.usefixtures("by_hand")
def test_a_role_that_exists_elsewhere_is_not_hidden_by_one_that_cannot_be_made(workspace: Workspace) -> None:
    assert refusals(workspace, "decoy", *PREVIEW) == ASKED
