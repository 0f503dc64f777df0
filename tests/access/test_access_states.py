"""Input that cannot be used: one clear sentence and exit 2."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from delegation_pack.iam import Kind, parse

from access.model import build
from access.states import InputError, read_both, read_states
from access.verdicts import Status, Verdicts
from tests.access.conftest import Run
from tests.access.state_builder import (
    FROM_OFFICE,
    SECRET,
    SECURITY,
    TARGET,
    StateBuilder,
    demo,
    document,
    grant,
    trust,
    user_arn,
)
from tests.documents import MFA


def refusal(run: Run, *arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty or ends in the middle"),
        ('{"version": 3, "deployment": {"manifest": {}, "resou', "it is empty or ends in the middle"),
        ("hello", "it is not JSON"),
        ('{"a": 1', "ends in the middle"),
        ('Installing policy pack guard\n{"deployment": {"mani', "ends in the middle"),
        ("Installing policy pack guard\n{no, plan}\n", "it is not JSON"),
        ('{"a": 1} trailing', "neither `pulumi stack export` nor `pulumi preview --json` wrote it"),
        ("[]", "neither `pulumi stack export` nor `pulumi preview --json` wrote it"),
        ('{"version": 3}', "neither `pulumi stack export` nor `pulumi preview --json` wrote it"),
        ('{"deployment": {"manifest": {}, "resources": {}}}', "its resources are not a list"),
        ('{"deployment": {"manifest": {}, "resources": [{"type": "x"}]}}', "lacks a URN or a type"),
        (
            '{"deployment": {"manifest": {}, "resources": [{"urn": "urn:pulumi:a::b::t::n", "type": "", "inputs": [1]}'
            "]}}",
            "not an object",
        ),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_state_is_refused_in_one_sentence(run: Run, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    sentence = refusal(run, "matrix", "--state", path)
    assert f"{path} is no state: " in sentence
    assert said in sentence


def test_every_cut_of_a_state_is_refused_as_cut(tmp_path: Path) -> None:
    text = json.dumps(demo().state())
    path = tmp_path / "cut.json"
    for length in range(1, len(text), len(text) // 60):
        path.write_text(text[:length])
        with pytest.raises(InputError, match=r"ends in the middle|not JSON"):
            read_states([str(path)])


def test_a_file_that_is_not_text_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe\x00")
    sentence = refusal(run, "matrix", "--state", path)
    assert f"{path} cannot be read: it is not text in UTF-8 or UTF-16. Write it again" in sentence


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda text: text.encode("utf-16"), id="powershell"),
        pytest.param(lambda text: text.encode("utf-16-be"), id="utf-16-without-mark"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="utf-8-with-mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="windows-lines"),
        pytest.param(
            lambda text: f"Installing policy pack it/guard@1.2.0...\n{{done}}\n{text}\nwarning: new version\n".encode(),
            id="text-around",
        ),
        pytest.param(lambda text: f"Installing policy pack…\r\n{text}".encode("utf-16"), id="powershell-text-before"),
    ],
)
def test_a_state_is_read_as_shells_write_it(tmp_path: Path, content: Callable[[str], bytes]) -> None:
    state = StateBuilder("preprod").user("zoë")
    written = tmp_path / "written.json"
    written.write_bytes(content(json.dumps(state.state(), indent=4, ensure_ascii=False)))
    (expected,), (found,) = read_states([state.write(tmp_path)]), read_states([str(written)])
    assert [(r.urn, r.outputs) for r in found.resources] == [(r.urn, r.outputs) for r in expected.resources]


def test_a_missing_file_and_an_empty_folder_are_refused(run: Run, tmp_path: Path) -> None:
    assert "There is no file" in refusal(run, "matrix", "--state", tmp_path / "nothing.json")
    assert "There is no .json file in the folder" in refusal(run, "matrix", "--state", tmp_path)


def test_an_encrypted_document_is_named_and_the_way_to_export_it(run: Run, tmp_path: Path) -> None:
    builder = StateBuilder().user("alice").role("ACCESS", SECRET)
    sentence = refusal(run, "matrix", "--state", builder.write(tmp_path))
    assert "assumeRolePolicy of 222222222222-ACCESS (aws:iam/role:Role) is an encrypted secret" in sentence
    assert "--show-secrets" in sentence


def test_a_secret_shown_in_plain_text_is_read(tmp_path: Path) -> None:
    trusting = document(trust(user_arn("alice")))
    shown = {**SECRET, "plaintext": json.dumps(trusting)}
    del shown["ciphertext"]
    model = build(read_states([StateBuilder().user("alice").role("ACCESS", shown).write(tmp_path)]))
    assert model.roles[0].trust.document == parse(trusting, Kind.TRUST)


def test_an_encrypted_value_that_nobody_needs_does_not_matter(run: Run, tmp_path: Path) -> None:
    builder = demo().add("aws:s3/bucket:Bucket", "data", {"policy": SECRET})
    assert run("matrix", "--state", builder.write(tmp_path)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "alize", "all"), "There is no user alize in these states. Did you mean alice?"),
        (("explain", "zzz", "all"), "There is no user zzz in these states. Known: alice, bob."),
        (("explain", "alice", "222222222221"), "Did you mean 222222222222"),
        (
            ("explain", "alice", "222222222222", "--role", "ACCES"),
            "There is no role ACCES in 222222222222 (222222222222) in these states. Did you mean ACCESS?",
        ),
        (("explain", "alice", "222222222222", "--from", "home"), "home is no IP address."),
        (("setup", "alicia"), "Did you mean alice?"),
    ],
)
def test_unknown_names_come_with_the_nearest_known(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refusal(run, *arguments, "--state", demo().write(tmp_path))


def test_two_users_of_one_name_are_told_apart_by_arn(run: Run, tmp_path: Path) -> None:
    builder = demo().user("alice", account="333333333333")
    sentence = refusal(run, "setup", "alice", "--state", builder.write(tmp_path))
    assert user_arn("alice") in sentence
    assert run("setup", user_arn("alice"), "--state", builder.write(tmp_path)).exit_code == 0


def test_states_of_different_projects_are_refused_unless_asked_for(run: Run, tmp_path: Path) -> None:
    files = [
        StateBuilder("one", "here").user("alice").write(tmp_path),
        StateBuilder("two", "elsewhere").user("bob").write(tmp_path),
    ]
    sentence = refusal(run, "matrix", "--state", files[0], "-s", files[1])
    assert "one.json is of project here" in sentence
    assert "two.json is of project elsewhere" in sentence
    assert run("matrix", "--state", files[0], "-s", files[1], "--across-projects").exit_code == 0
    assert "different projects" in refusal(run, "diff", *files)


def test_one_stack_given_twice_is_refused(run: Run, tmp_path: Path) -> None:
    builder = demo()
    assert "Stack all is there twice" in refusal(
        run, "matrix", "--state", builder.write(tmp_path), "-s", builder.write(tmp_path, "again")
    )


def test_an_account_that_nothing_tells_is_not_guessed(run: Run, tmp_path: Path) -> None:
    builder = StateBuilder().add(
        "aws:iam/groupPolicy:GroupPolicy", "g", {"group": "Admins", "name": "x", "policy": document(grant())}
    )
    assert "It is not known which account and partition g (aws:iam/groupPolicy:GroupPolicy) is in" in refusal(
        run, "matrix", "--state", builder.write(tmp_path)
    )


def test_an_account_is_taken_from_the_arns_of_the_same_provider(tmp_path: Path) -> None:
    builder = demo()
    for resource in builder.resources:
        resource["outputs"].pop("allowedAccountIds", None)
    assert [group.account for group in build(read_states([builder.write(tmp_path)])).groups] == [SECURITY]


def test_a_plan_where_a_state_belongs_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"steps": [], "changeSummary": {}}))
    assert "is a preview plan" in refusal(run, "matrix", "--state", path)


def test_a_stack_by_name_is_exported_by_pulumi(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = demo().write(tmp_path)
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        f'#!/bin/sh\n[ "$4" = all ] && exec cat {exported}\necho "error: no stack named $4 found" >&2\nexit 255\n'
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    assert "alice, bob" in run("matrix", "--state", "all").stdout
    assert "the stack other cannot be exported: no stack named other found." in refusal(
        run, "matrix", "--state", "other"
    )
    assert "there is no Pulumi.<stack>.yaml in this folder" in refusal(run, "matrix")
    (tmp_path / "Pulumi.all.yaml").write_text("config: {}\n")
    assert "alice, bob" in run("matrix").stdout


def test_without_pulumi_a_stack_by_name_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Pulumi must be installed" in refusal(run, "matrix", "--state", "preprod")


def plan_of(before: StateBuilder, after: StateBuilder) -> dict[str, object]:
    old, new = ({r["urn"]: r for r in builder.resources} for builder in (before, after))
    steps: list[dict[str, object]] = []
    for urn in {**old, **new}:
        if urn not in new:
            steps.append({"op": "delete", "urn": urn, "oldState": old[urn]})
        elif urn not in old:
            steps.append(
                {"op": "create", "urn": urn, "newState": {**new[urn], "inputs": new[urn]["outputs"], "outputs": {}}}
            )
        elif old[urn] != new[urn]:
            steps.append(
                {
                    "op": "update",
                    "urn": urn,
                    "oldState": old[urn],
                    "newState": {**new[urn], "inputs": new[urn]["outputs"], "outputs": {}},
                }
            )
    return {"steps": steps, "changeSummary": {}}


def test_a_plan_is_read_upon_the_stack_that_it_changes(tmp_path: Path) -> None:
    before, after = demo("alice"), demo("alice", "bob")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_of(before, after)))
    old, new = read_both([str(path)], [before.write(tmp_path)])
    assert [user.name for user in build(old).users] == ["alice"]
    assert [user.name for user in build(new).users] == ["alice", "bob"]


def test_a_document_unknown_before_the_deployment_is_said_to_be(run: Run, tmp_path: Path) -> None:
    builder = (
        StateBuilder().user("alice", policy=document(grant())).role("ACCESS", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    )
    out = run("matrix", "--state", builder.write(tmp_path)).stdout
    assert "cannot be verified" in out
    assert "The document is not known before the deployment." in out


NATIVE = "aws-native:iam:"


def native() -> StateBuilder:
    """The delegation with the types and spellings of aws-native."""
    builder = StateBuilder()
    builder.add(
        f"{NATIVE}User", "alice", {"userName": "alice", "arn": user_arn("alice"), "groups": ["Admins"]}, SECURITY
    )
    inline = {"policyName": "grant", "policyDocument": json.loads(document(grant(condition={**MFA, **FROM_OFFICE})))}
    builder.add(f"{NATIVE}Group", "Admins", {"groupName": "Admins", "policies": [inline]}, SECURITY)
    trusted = json.loads(document(trust(user_arn("alice"), MFA)))
    return builder.add(f"{NATIVE}Role", "ACCESS", {"roleName": "ACCESS", "assumeRolePolicyDocument": trusted}, TARGET)


def test_resources_of_aws_native_are_read(judged: Callable[[StateBuilder], Verdicts]) -> None:
    (cell,) = judged(native()).cells()
    assert (cell.user.name, cell.role.name, cell.status) == ("alice", "ACCESS", Status.ALLOWED)
    assert [ref.title for refs in cell.statements for ref in refs] == [
        "grant of group Admins, statement 1",
        "trust policy of role ACCESS, statement 1",
    ]


def test_what_holds_iam_and_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    builder = demo().add("aws:cloudformation/stack:Stack", "roles", {"templateBody": "{}"})
    builder.add("aws:iam/newPolicyType:NewPolicyType", "new", {"policy": document(grant())}, SECURITY)
    state = builder.write(tmp_path)
    said = (
        "2 resources not judged: Stack 'roles' (aws:cloudformation/stack:Stack), "
        "NewPolicyType 'new' (aws:iam/newPolicyType:NewPolicyType)."
    )
    for command in (("matrix",), ("matrix", "--format", "json"), ("explain", "alice", TARGET), ("headroom",)):
        assert said in run(*command, "--state", state).stderr
    assert "not judged" not in run("matrix", "--state", "--state", demo().write(tmp_path)).stderr
