"""What a change newly allows, on the demo's three stacks: each counterexample is confirmed by the naive evaluator."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from access.model import build
from access.proof import Finding, findings
from access.proof.documents import Documents
from access.states import read_both
from tests.access.conftest import Run
from tests.access.state_builder import document
from tests.documents import MFA
from tests.policies.iam import naive

Json = dict[str, Any]
DEMO = Path(__file__).parent / "demo" / "states"
STACKS = ("security", "preprod", "production")
SECURITY, PREPROD = "111111111111", "222222222222"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GITHUB = "token.actions.githubusercontent.com"

IN_README = (
    "alice, bob and IT-Admins may now call iam:CreateAccessKey on their own user without MFA, from 203.0.113.10/32 (!)"
)


class Stacks:
    """The demo's exported states, to be changed."""

    def __init__(self) -> None:
        self.states = {name: json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8")) for name in STACKS}

    def resources(self, stack: str) -> list[Json]:
        found: list[Json] = self.states[stack]["deployment"]["resources"]
        return found

    def all(self) -> Iterator[Json]:
        for stack in STACKS:
            yield from self.resources(stack)

    def named(self, stack: str, name: str) -> Json:
        return next(one for one in self.resources(stack) if one["urn"].endswith(f"::{name}"))

    def set(self, stack: str, name: str, **values: Any) -> None:
        one = self.named(stack, name)
        for part in ("inputs", "outputs"):
            one[part] = {**one.get(part, {}), **values}

    def edit(self, stack: str, name: str, change: Callable[[list[Json]], object], of: str = "policy") -> None:
        content = json.loads(self.named(stack, name)["outputs"][of])
        change(content["Statement"])
        self.set(stack, name, **{of: json.dumps(content)})

    def add(self, stack: str, type_: str, resource: str, /, **outputs: Any) -> None:
        provider = next(one["provider"] for one in self.resources(stack) if one.get("provider"))
        self.resources(stack).append(
            {
                "urn": f"urn:pulumi:{stack}::delegation::{type_}::{resource}",
                "type": type_,
                "custom": True,
                "provider": provider,
                "inputs": outputs,
                "outputs": outputs,
            }
        )

    def write(self, folder: Path) -> str:
        folder.mkdir()
        for name, state in self.states.items():
            (folder / f"{name}.json").write_text(json.dumps(state), encoding="utf-8")
        return str(folder)


def found(before: Stacks, after: Stacks, tmp_path: Path) -> list[Finding]:
    sources = [before.write(tmp_path / "before"), after.write(tmp_path / "after")]
    olds, news = read_both(sources, [])
    return list(findings(build(olds, news), build(news, olds)))


def allowed(documents: Documents, finding: Finding) -> bool | None:
    """The naive evaluator's verdict on a counterexample, over all documents together."""
    request = finding.request
    assert request
    identity = str(request.context.get("aws:userid", "AIDAX" if ":user/" in request.principal else "AROAX:session"))
    context = {
        key.lower(): [value] if isinstance(value, str) else list(value) for key, value in request.context.items()
    }
    full = naive.with_derived(request.principal, identity, request.resource, context)
    results: dict[str, list[bool | None]] = {"Allow": [False], "Deny": [False]}
    for _, text in documents.texts:
        document = json.loads(text)
        for statement in document["Statement"]:
            applies = naive.applies(
                statement, request.principal, request.action, request.resource, full, document["Version"]
            )
            results[statement["Effect"]].append(applies)
    if None in results["Deny"] or None in results["Allow"]:
        return None
    return True in results["Allow"] and True not in results["Deny"]


def confirmed(finding: Finding) -> bool:
    assert finding.documents
    return [allowed(documents, finding) for documents in finding.documents] == [False, True]


def trusting(statement: Json) -> Callable[[Stacks], None]:
    """One more statement in the trust of the access role."""
    return lambda stacks: stacks.edit(
        "preprod",
        "access-TSU-IAM-ACCESS",
        lambda all_: all_.append({"Effect": "Allow", **statement}),
        of="assumeRolePolicy",
    )


def federated(provider: str, action: str = "sts:AssumeRoleWithWebIdentity", **more: Any) -> Callable[[Stacks], None]:
    return trusting({"Principal": {"Federated": provider}, "Action": action, **more})


def granting(action: str, resource: str = "*", **more: Any) -> Callable[[Stacks], None]:
    """One more statement in the admins' self-service in the Security account."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": MFA, **more}
    return lambda stacks: stacks.edit("security", "admins-IT-Admins-self-service", lambda all_: all_.append(statement))


def managing(index: int, **elements: Any) -> Callable[[Stacks], None]:
    """Other elements in a statement of role management."""
    return lambda stacks: stacks.edit(
        "preprod", "access-TSU-IAM-ACCESS-role-management", lambda all_: all_[index].update(elements)
    )


def adding(type_: str, stack: str = "security", **outputs: Any) -> Callable[[Stacks], None]:
    return lambda stacks: stacks.add(stack, type_, "extra", **outputs)


def reviewed_by(policy: str) -> Callable[[Stacks], None]:
    return lambda stacks: stacks.set(
        "preprod", "access-TSU-IAM-ACCESS-ReadOnlyAccess", policyArn=f"arn:aws:iam::aws:policy/{policy}"
    )


def bounded_by(policy: str) -> Callable[[Stacks], None]:
    condition = {
        "StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::aws:policy/{policy}"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "true"},
        "IpAddress": {"aws:SourceIp": ["203.0.113.10/32"]},
    }
    return managing(1, Condition=condition)


def without_mfa(stacks: Stacks) -> None:
    stacks.edit(
        "security", "admins-IT-Admins-self-service", lambda all_: all_[3]["NotAction"].append("iam:CreateAccessKey")
    )


def protected_less(stacks: Stacks) -> None:
    stacks.edit("preprod", "access-TSU-IAM-ACCESS-role-management", lambda all_: all_.pop(2))


ROLE = {"name": "made", "path": "/", "arn": f"arn:aws:iam::{PREPROD}:role/made"}
ALL = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
# What changes, and what the report says of it.
OPENED: dict[str, tuple[Callable[[Stacks], None], str]] = {
    "Google in the trust": (federated("accounts.google.com"), "lets in whom accounts.google.com vouches for"),
    "GitHub without subject": (
        federated(GITHUB, Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}),
        f"lets in whom {GITHUB} vouches for by sts:AssumeRoleWithWebIdentity",
    ),
    "Cognito in the trust": (
        federated("cognito-identity.amazonaws.com"),
        "lets in whom cognito-identity.amazonaws.com",
    ),
    "SAML in the trust": (
        federated(f"arn:aws:iam::{PREPROD}:saml-provider/idp", "sts:AssumeRoleWithSAML"),
        "by sts:AssumeRoleWithSAML",
    ),
    "everybody with a web identity": (
        trusting({"Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}),
        "by sts:AssumeRoleWithWebIdentity",
    ),
    "a service in the trust": (
        trusting({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        "lets in the service ec2.amazonaws.com by sts:AssumeRole",
    ),
    "a role of the own account in the trust": (
        trusting({"Principal": {"AWS": f"arn:aws:iam::{PREPROD}:role/ci"}, "Action": "sts:AssumeRole"}),
        f"lets in arn:aws:iam::{PREPROD}:role/ci by sts:AssumeRole",
    ),
    "a session of a federated user in the trust": (
        trusting({"Principal": {"AWS": f"arn:aws:sts::{SECURITY}:federated-user/x"}, "Action": "sts:AssumeRole"}),
        f"the principal arn:aws:sts::{SECURITY}:federated-user/x is about callers that are not asked about",
    ),
    **{
        action: (granting(f"iam:{action}"), f"IT-Admins may now call iam:{action} on")
        for action in (
            *("PutUserPolicy", "AttachUserPolicy", "PutGroupPolicy", "UpdateLoginProfile", "CreateLoginProfile"),
            *("UpdateSAMLProvider", "CreateOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider"),
        )
    },
    "CreateAccessKey for others": (
        granting("iam:CreateAccessKey"),
        f"IT-Admins may now call iam:CreateAccessKey on arn:aws:iam::{SECURITY}:user/another with MFA, from 203.0",
    ),
    "CreatePolicyVersion of self-service": (
        granting("iam:CreatePolicyVersion", f"arn:aws:iam::{SECURITY}:policy/IT-Admins-self-service"),
        "may now call iam:CreatePolicyVersion on",
    ),
    "another service's write": (granting("sso:CreateAccountAssignment"), "may now call sso:CreateAccountAssignment"),
    "a Deny with an exemption more": (
        without_mfa,
        IN_README,
    ),
    "protected roles less": (
        protected_less,
        "TSU-IAM-ACCESS in preprod may now call iam:AttachRolePolicy on arn:aws:iam::222222222222:role/",
    ),
    "another boundary for roles": (
        bounded_by("AWSLambda_FullAccess"),
        "with iam:PermissionsBoundary 'arn:aws:iam::aws:policy/AWSLambda_FullAccess'",
    ),
    "another policy of AWS": (reviewed_by("AdministratorAccess"), "TSU-IAM-ACCESS in preprod may now call "),
    "a policy of AWS that nobody knows": (
        reviewed_by("NewerThanTheTable"),
        "It cannot be decided whether TSU-IAM-ACCESS in preprod may call anything new: "
        "the document of arn:aws:iam::aws:policy/NewerThanTheTable cannot be read (!)",
    ),
    **{
        f"another policy of AWS, which says nothing of identities: {name}": (
            change,
            f"may call anything new: the document of arn:aws:iam::aws:policy/{name} cannot be read (!)",
        )
        for name, change in {
            "SecretsManagerReadWrite": reviewed_by("SecretsManagerReadWrite"),
            "AmazonS3FullAccess": adding(
                ATTACHMENT, "preprod", role="TSU-AUDIT", policyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
            ),
            "AWSCloudFormationFullAccess": adding(
                ATTACHMENT.replace("role", "group").replace("Role", "Group"),
                group="IT-Admins",
                policyArn="arn:aws:iam::aws:policy/AWSCloudFormationFullAccess",
            ),
        }.items()
    },
    "a policy written onto a user": (
        adding("aws:iam/userPolicy:UserPolicy", user="bob", name="own", policy=ALL),
        "bob may now call iam:",
    ),
    "a user with a password": (
        adding(
            "aws-native:iam:User",
            userName="mallory",
            arn=f"arn:aws:iam::{SECURITY}:user/mallory",
            loginProfile={"password": "secret"},
        ),
        "extra (aws-native:iam:User) appears: what that means for access is not judged (!)",
    ),
    "a policy that nobody holds": (
        adding("aws:iam/policy:Policy", name="idle", arn=f"arn:aws:iam::{SECURITY}:policy/idle", policy=ALL),
        "Whoever holds the policy idle in ",
    ),
    "a role of another package": (
        adding(
            "aws-native:iam:Role",
            stack="preprod",
            roleName="made",
            arn=ROLE["arn"],
            assumeRolePolicyDocument=json.loads(
                document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
            ),
        ),
        "The trust policy of made in preprod now lets in others",
    ),
    "the access role made once more, by another package": (
        adding(
            "aws-native:iam:Role",
            roleName="TSU-IAM-ACCESS",
            arn=f"arn:aws:iam::{PREPROD}:role/TSU-IAM-ACCESS",
            assumeRolePolicyDocument={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": PREPROD}, "Action": "sts:AssumeRole"}],
            },
            policies=[{"policyName": "all", "policyDocument": json.loads(ALL)}],
            stack="preprod",
        ),
        f"TSU-IAM-ACCESS in preprod now lets in principals of account {PREPROD}, such as arn:aws:iam::{PREPROD}:",
    ),
    "a user in the group": (
        lambda stacks: stacks.set("security", "admins-IT-Admins-membership", users=["alice", "bob", "carol"]),
        "carol may now call sts:AssumeRole on arn:aws:iam::222222222222:role/TSU-IAM-ACCESS with MFA",
    ),
    **{
        type_: (adding(type_), f"extra ({type_}) appears: what that means for access is not judged (!)")
        for type_ in (
            *("aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"),
            *("aws:iam/virtualMfaDevice:VirtualMfaDevice", "aws:iam/samlProvider:SamlProvider"),
            *("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws-native:sso:PermissionSet"),
            *("aws:index/iamRole:IamRole", "aws:cloudformation/stack:Stack", "aws:cloudcontrol/resource:Resource"),
            *("command:local:Command", "pulumi-python:dynamic:Resource", "aws:s3/bucketPolicy:BucketPolicy"),
        )
    },
}


def test_the_example_of_the_readme_is_one_of_these() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert f"\n{IN_README}\n" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize(("change", "said"), OPENED.values(), ids=OPENED)
def test_what_a_change_opens_is_reported_and_fails(
    run: Run, tmp_path: Path, change: Callable[[Stacks], None], said: str
) -> None:
    before, after = Stacks(), Stacks()
    change(after)
    counterexamples = [one for one in found(before, after, tmp_path) if one.request]
    assert all(confirmed(one) for one in counterexamples)
    result = run("diff", tmp_path / "before", tmp_path / "after", "--fail-on-weaker")
    line = next((line for line in result.stdout.splitlines() if said in line), result.stdout)
    assert said in line
    assert line.endswith("(!)")
    assert result.exit_code == 1


NO_ACCESS = (
    *("Google in the trust", "UpdateSAMLProvider", "protected roles less", "a Deny with an exemption more"),
    *("a policy that nobody holds", "a role of another package", "a user in the group", "command:local:Command"),
)


@pytest.mark.parametrize("name", NO_ACCESS)
def test_what_the_reverse_closes_has_no_mark(run: Run, tmp_path: Path, name: str) -> None:
    before, after = Stacks(), Stacks()
    OPENED[name][0](before)
    counterexamples = [one for one in found(before, after, tmp_path) if one.request]
    assert all(confirmed(one) for one in counterexamples)
    lines = run("diff", tmp_path / "before", tmp_path / "after").stdout.splitlines()
    assert any("no longer" in line or "is gone" in line for line in lines)
    assert not any(line.endswith("(!)") for line in lines)


def test_a_policy_of_aws_that_is_detached_opens_nothing(tmp_path: Path) -> None:
    before = Stacks()
    for name in ("AmazonS3FullAccess", "AmazonRedshiftDataFullAccess"):
        before.add(
            "preprod",
            ATTACHMENT,
            f"{name}-attached",
            role="TSU-IAM-ACCESS",
            policyArn=f"arn:aws:iam::aws:policy/{name}",
        )
    after = copy.deepcopy(before)
    resources = after.resources("preprod")
    resources[:] = [one for one in resources if not one["urn"].endswith("S3FullAccess-attached")]
    assert [one.says[0] for one in found(before, after, tmp_path) if one.is_new] == []


def shared_policy(stacks: Stacks) -> None:
    """Two policies of a role, of which one allows everything; the other may be attached elsewhere too."""
    reads = document({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})
    for name, content in (("shared", reads), ("everything", ALL)):
        arn = f"arn:aws:iam::{PREPROD}:policy/{name}"
        stacks.add("preprod", "aws:iam/policy:Policy", name, name=name, path="/", arn=arn, policy=content)
        stacks.add("preprod", ATTACHMENT, f"{name}-attached", role="TSU-AUDIT", policyArn=arn)


def detached(stacks: Stacks) -> None:
    resources = stacks.resources("preprod")
    resources[:] = [one for one in resources if not one["urn"].endswith("-attached")]


@pytest.mark.parametrize("also", [lambda _: None, detached], ids=["held by somebody who may all", "detached"])
def test_a_policy_that_allows_more_is_told_of_where_nobody_here_may_more(
    tmp_path: Path, also: Callable[[Stacks], None]
) -> None:
    before = Stacks()
    shared_policy(before)
    after = copy.deepcopy(before)
    after.set("preprod", "shared", policy=ALL)
    also(after)
    new = [one.says[0] for one in found(before, after, tmp_path) if one.is_new]
    assert len(new) == 1
    assert new[0].startswith("Whoever holds the policy shared in preprod may now call iam:")


def retagged(stacks: Stacks) -> None:
    for one in stacks.all():
        if "tags" in one.get("outputs", {}):
            one["outputs"] |= {"tags": {"owner": "somebody"}, "tagsAll": {"owner": "somebody"}}


def redescribed(stacks: Stacks) -> None:
    stacks.set("preprod", "access-TSU-IAM-ACCESS", description="Another text")
    stacks.set("security", "admins-IT-Admins-self-service", description="Another text")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rewritten(change: Callable[[list[Json]], list[Json]]) -> Callable[[Stacks], None]:
    """All documents of all stacks with other statements."""

    def rewrite(stacks: Stacks) -> None:
        count = 0
        for one in stacks.all():
            for name in ("policy", "assumeRolePolicy"):
                if name in one.get("outputs", {}):
                    content = json.loads(one["outputs"][name])
                    content["Statement"] = change(copy.deepcopy(content["Statement"]))
                    one["inputs"][name] = one["outputs"][name] = json.dumps(content, indent=1)
                    count += 1
        assert count >= 7

    return rewrite


def each(change: Callable[[Json], Json | list[Json]]) -> Callable[[list[Json]], list[Json]]:
    return lambda statements: [one for statement in statements for one in listed(change(statement))]


def split_by(element: str) -> Callable[[list[Json]], list[Json]]:
    def split(statement: Json) -> list[Json]:
        parts = listed(statement.get(element, []))
        return [{**statement, "Sid": f"{statement['Sid']}{i}", element: part} for i, part in enumerate(parts)] or [
            statement
        ]

    return each(split)


def split_principals(statement: Json) -> list[Json]:
    users = listed(statement.get("Principal", {}).get("AWS", []))
    alone = [{**statement, "Sid": f"Only{i}", "Principal": {"AWS": user}} for i, user in enumerate(users)]
    return alone or [statement]


def written_out(statement: Json) -> Json:
    """Wildcards beside what they cover."""
    for element in ("Action", "NotAction"):
        if "iam:Get*" in listed(statement.get(element, [])):
            statement[element] = [
                "iam:Get?*",
                "iam:Get",
                "iam:GetRole",
                *listed(statement[element])[1:],
                "iam:ListRoles",
            ]
    return statement


def respelt(statement: Json) -> Json:
    for element in ("Action", "NotAction"):
        if element in statement:
            statement[element] = [text.swapcase() for text in listed(statement[element])]
    condition = statement.get("Condition", {})
    statement["Condition"] = {
        operator: {key.upper(): listed(values) for key, values in block.items()}
        for operator, block in condition.items()
    }
    for block in statement["Condition"].values():
        if "AWS:SOURCEIP" in block:
            block["AWS:SOURCEIP"] = [text.removesuffix("/32") for text in block["AWS:SOURCEIP"]]
    return statement


def merged(statements: list[Json]) -> list[Json]:
    """Every statement twice, and what only differs in its actions once more as one."""
    twice = [{**one, "Sid": f"Again{i}"} for i, one in enumerate(statements)]
    return [*statements, *twice]


SAME: dict[str, Callable[[Stacks], None]] = {
    "tags": retagged,
    "descriptions": redescribed,
    "Sids": rewritten(lambda all_: [{**one, "Sid": f"S{i}"} for i, one in enumerate(all_)]),
    "no Sids": rewritten(each(lambda one: {name: value for name, value in one.items() if name != "Sid"})),
    "reordered": rewritten(lambda all_: list(reversed(all_))),
    "split by action": rewritten(split_by("Action")),
    "split by resource": rewritten(split_by("Resource")),
    "split by principal": rewritten(each(split_principals)),
    "wildcards written out": rewritten(each(written_out)),
    "respelt": rewritten(each(respelt)),
    "twice": rewritten(merged),
    "everything at once": rewritten(
        lambda all_: list(reversed(split_by("Action")(each(respelt)(each(written_out)(each(split_principals)(all_))))))
    ),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_means_the_same_is_proved_to_be_no_change(
    run: Run, tmp_path: Path, change: Callable[[Stacks], None]
) -> None:
    before, after = Stacks(), Stacks()
    change(after)
    for one, other in ((before, after), (after, before)):
        folder = tmp_path / str(one is before)
        folder.mkdir()
        sources = one.write(folder / "before"), other.write(folder / "after")
        result = run("diff", *sources, "--fail-on-weaker")
        assert result.stdout == "Nobody's access changes.\n"
        assert result.exit_code == 0


def test_a_document_that_cannot_be_read_is_no_change_while_it_stays_the_same(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    for stacks in (before, after):
        reviewed_by("NewerThanTheTable")(stacks)
    rewritten(each(respelt))(after)
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    assert run("diff", *sources, "--fail-on-weaker").stdout == "Nobody's access changes.\n"


def test_a_deny_lost_beside_a_document_that_cannot_be_read_is_undecided(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    for stacks in (before, after):
        reviewed_by("NewerThanTheTable")(stacks)
        stacks.edit("preprod", "access-TSU-IAM-ACCESS-role-management", lambda all_: all_.pop(1))
    after.edit("preprod", "access-TSU-IAM-ACCESS-role-management", lambda all_: all_.pop())
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    result = run("diff", *sources, "--fail-on-weaker")
    assert "It cannot be decided whether TSU-IAM-ACCESS in preprod may call anything new" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize("tag", ["team", "other"])
def test_a_tag_counts_only_where_a_document_asks_for_it(run: Run, tmp_path: Path, tag: str) -> None:
    before, after = Stacks(), Stacks()
    for stacks in (before, after):
        granting("s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/Team": "red"}})(stacks)
    after.set("security", "admins-bob", tags={tag: "red"}, tagsAll={tag: "red"})
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    lines = run("diff", *sources, "--fail-on-weaker").stdout.splitlines()
    asked = (
        "It cannot be decided whether anything is new: the tag team of user bob changes, and documents ask for it (!)"
    )
    assert (asked in lines) == (tag == "team")
    assert (lines == ["Nobody's access changes."]) == (tag == "other")


def test_a_permissions_boundary_is_compared_and_said_to_stop_a_request(run: Run, tmp_path: Path) -> None:
    arn = f"arn:aws:iam::{PREPROD}:policy/bound"
    builders = [Stacks(), Stacks(), Stacks()]
    for stacks, action in zip(builders, ("s3:GetObject", "s3:GetObject", "s3:*"), strict=True):
        held = document({"Effect": "Allow", "Action": action, "Resource": "*"})
        stacks.add("preprod", "aws:iam/policy:Policy", "bound", name="bound", arn=arn, policy=held)
        stacks.set("preprod", "access-TSU-IAM-ACCESS", permissionsBoundary=arn)
    granting_role = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
    builders[1].edit("preprod", "access-TSU-IAM-ACCESS-role-management", lambda all_: all_.append(granting_role))
    before, more, wider = (one.write(tmp_path / str(i)) for i, one in enumerate(builders))
    assert run("diff", before, more).stdout == (
        "TSU-IAM-ACCESS in preprod may now call ec2:RunInstances on * without MFA, from anywhere; "
        "its permissions boundary stops this request (!)\n"
    )
    lines = run("diff", before, wider).stdout.splitlines()
    assert lines[0].startswith("The permissions boundary of TSU-IAM-ACCESS in preprod now lets through s3:")
    assert all("boundary" in line or "policy bound" in line for line in lines)


def test_what_is_new_for_a_group_is_not_said_again_of_its_members(tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    granting("iam:CreateUser")(after)
    assert [one.subject for one in found(before, after, tmp_path)] == ["IT-Admins"]


def test_a_permissions_boundary_that_goes_is_reported(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    before.set("security", "admins-bob", permissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    lost = found(before, after, tmp_path)
    assert all(confirmed(one) for one in lost)
    result = run("diff", tmp_path / "before", tmp_path / "after", "--fail-on-weaker")
    assert result.stdout.startswith(
        "No permissions boundary keeps bob any more from iam:CreateAccessKey on their own user"
    )
    assert result.exit_code == 1
    assert run("diff", tmp_path / "after", tmp_path / "before", "--fail-on-weaker").exit_code == 0


@pytest.mark.parametrize("place", ["description", "tags", "status"])
def test_of_a_resource_that_nothing_reads_only_its_content_counts(run: Run, tmp_path: Path, place: str) -> None:
    before, after = Stacks(), Stacks()
    for stacks, value in ((before, "a"), (after, "b")):
        stacks.add("security", "aws:iam/accessKey:AccessKey", "key", user="bob", **{place: value})
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    out = run("diff", *sources).stdout.splitlines()
    assert ("key (aws:iam/accessKey:AccessKey) changes: what that means for access is not judged (!)" in out) == (
        place == "status"
    )


def test_a_document_that_cannot_be_read_and_goes_may_have_denied(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    elsewhere = f"arn:aws:iam::{PREPROD}:policy/elsewhere"
    before.add("preprod", ATTACHMENT, "extra", role="TSU-IAM-ACCESS", policyArn=elsewhere)
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    result = run("diff", *sources, "--fail-on-weaker")
    said = f"TSU-IAM-ACCESS in preprod may call anything new: the document of {elsewhere} cannot be read (!)"
    assert f"It cannot be decided whether {said}" in result.stdout.splitlines()
    assert result.exit_code == 1


def test_what_is_new_for_a_user_beyond_the_group_is_said_too(tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    allow = document({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    for stacks in (before, after):
        stacks.add("security", "aws:iam/userPolicy:UserPolicy", "own", user="bob", name="own", policy=allow)
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    before.edit("security", "admins-IT-Admins-self-service", lambda all_: all_.append(deny))
    granting("iam:CreateUser")(after)
    new = found(before, after, tmp_path)
    assert [one.subject for one in new] == ["bob", "IT-Admins"]
    assert all(confirmed(one) for one in new)


def test_what_only_comes_of_several_groups_is_said_of_the_user(tmp_path: Path) -> None:
    """One group allows it all along, the Deny of another goes."""
    before, after = Stacks(), Stacks()
    for stacks in (before, after):
        stacks.add("security", "aws:iam/userPolicy:UserPolicy", "own", user="bob", name="own", policy=ALL)
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    before.edit("security", "admins-IT-Admins-self-service", lambda all_: all_.append(deny))
    new = found(before, after, tmp_path)
    assert [one.subject for one in new] == ["bob"]
    assert all(confirmed(one) for one in new)
    assert new[0].request
    assert new[0].request.action.startswith("ec2:")


FORGED = (
    "x`\n\n## All is well <b>@team/all</b> ![p](https://evil.test/p.png) | "
    "[l](http://evil.test) www.evil.test #1 \u202e"
)


def test_a_name_forges_nothing_in_a_comment(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    after.add("security", "command:local:Command", FORGED)
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    for options in ((), ("--markdown",)):
        lines = [line for line in run("diff", *sources, *options).stdout.splitlines() if "All is well" in line]
        assert len(lines) == 1
        assert "\\u000a" in lines[0]
        assert "\u202e" not in lines[0]
    assert "\\`" in lines[0]
    assert "\\<b\\>" in lines[0]
    assert not any(
        forged in lines[0] for forged in ("@team", "https://", "http://", " ![p", " [l", "www.", "#1", " | ")
    )


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_what_aws_told_of_a_role_before_the_change_hides_nothing(tmp_path: Path, how: str) -> None:
    """A refreshed state lists a role's policies in the role's outputs too, and a plan leaves that list as it was."""
    before, after = Stacks(), Stacks()
    for stacks in (before, after):
        deny = document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"})
        stacks.add("preprod", "aws:iam/rolePolicy:RolePolicy", "deny", role="TSU-IAM-ACCESS", name="deny", policy=deny)
        stacks.named("preprod", "access-TSU-IAM-ACCESS")["outputs"]["inlinePolicies"] = [
            {"name": "deny", "policy": deny}
        ]
    if how == "changed":
        less = document({"Effect": "Deny", "Action": "iam:*User", "Resource": "*"})
        after.set("preprod", "deny", policy=less)
    else:
        after.resources("preprod").remove(after.named("preprod", "deny"))
    new = found(before, after, tmp_path)
    assert [(one.subject, one.is_new) for one in new] == [("TSU-IAM-ACCESS in preprod", True)]
    assert all(confirmed(one) for one in new)


def test_a_policy_that_aws_has_and_no_resource_makes_counts(tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    after.named("preprod", "access-TSU-IAM-ACCESS")["outputs"]["inlinePolicies"] = [{"name": "by-hand", "policy": ALL}]
    assert any(one.subject == "TSU-IAM-ACCESS in preprod" and one.is_new for one in found(before, after, tmp_path))


UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@pytest.mark.parametrize(
    ("stack", "resource", "place", "value"),
    [
        ("security", "admins-IT-Admins-membership", "users", ["alice", "bob", UNKNOWN]),
        ("security", "admins-IT-Admins-self-service-attachment", "policyArn", UNKNOWN),
        ("preprod", "access-TSU-IAM-ACCESS-role-management", "role", UNKNOWN),
        ("preprod", "access-TSU-IAM-ACCESS", "permissionsBoundary", UNKNOWN),
    ],
)
def test_what_is_not_known_before_the_deployment_is_undecided(
    run: Run, tmp_path: Path, stack: str, resource: str, place: str, value: Any
) -> None:
    before, after = Stacks(), Stacks()
    after.set(stack, resource, **{place: value})
    after.named(stack, resource).pop("propertyDependencies", None)
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    result = run("diff", *sources, "--fail-on-weaker")
    said = f"It cannot be decided whether anything is new: {place}"
    assert any(
        line.startswith(said) and "is not known before the deployment (!)" in line
        for line in result.stdout.splitlines()
    )
    assert result.exit_code == 1


def test_who_holds_a_policy_may_be_told_from_the_resource_that_the_name_comes_from(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    after.set("preprod", "access-TSU-IAM-ACCESS-role-management", role=UNKNOWN)
    role = after.named("preprod", "access-TSU-IAM-ACCESS")["urn"]
    after.named("preprod", "access-TSU-IAM-ACCESS-role-management")["propertyDependencies"] = {"role": [role]}
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    assert run("diff", *sources).stdout == "Nobody's access changes.\n"


def test_a_document_that_is_not_known_before_the_deployment_is_undecided(run: Run, tmp_path: Path) -> None:
    before, after = Stacks(), Stacks()
    after.set("preprod", "access-TSU-IAM-ACCESS", assumeRolePolicy=UNKNOWN)
    sources = before.write(tmp_path / "before"), after.write(tmp_path / "after")
    result = run("diff", *sources, "--fail-on-weaker")
    assert (
        "It cannot be decided whether the trust policy of TSU-IAM-ACCESS in preprod lets in anything new"
        in result.stdout
    )
    assert result.exit_code == 1


def test_what_a_plan_leaves_as_it_is_has_not_changed(run: Run, tmp_path: Path) -> None:
    """Though its outputs say otherwise what its inputs say."""
    stacks = Stacks()
    stacks.add("preprod", "command:local:Command", "kept", create="a")
    stacks.named("preprod", "kept")["outputs"] = {"create": "A", "stdout": "x"}
    state = stacks.named("preprod", "kept")
    stack = stacks.resources("preprod")[0]
    steps = [{"op": "same", "urn": one["urn"], "oldState": one, "newState": one} for one in (stack, state)]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    result = run("diff", plan, "--state", stacks.write(tmp_path / "states"), "--fail-on-weaker")
    assert result.stdout == "Nobody's access changes.\n"
