"""Each command's output, as a person reads it."""

from __future__ import annotations

import csv
import io
import json
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import Run
from tests.access.state_builder import (
    FROM_OFFICE,
    OFFICE,
    OTHER,
    SECURITY,
    TARGET,
    StateBuilder,
    demo,
    document,
    grant,
    role_arn,
    trust,
    user_arn,
)
from tests.access.test_access_states import plan_of
from tests.documents import MFA

PROVED = ("may now call", "may no longer call", " lets in ", " lets through ", "cannot be decided")
LOOSE = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}


def test_matrix_as_table_puts_people_with_one_verdict_together(run: Run, tmp_path: Path) -> None:
    out = run("matrix", "--state", demo().write(tmp_path)).stdout
    row = next(line for line in out.splitlines() if "alice" in line)
    assert [part.strip() for part in row.strip("│ ").split("│")] == [
        *("alice, bob", TARGET, "ACCESS", "required", f"{OFFICE}/32", "grant-1 of group Admins, statement 1")
    ]
    assert "2 users, 1 role in 1 account; 2 of 2 pairs allowed; none of them without MFA." in out


def test_matrix_as_csv_and_json_list_every_pair(run: Run, tmp_path: Path) -> None:
    file = demo("alice").user("eve").role("OTHER", document(trust(f"arn:aws:iam::{OTHER}:root"))).write(tmp_path)
    rows = list(csv.DictReader(io.StringIO(run("matrix", "--state", file, "--format", "csv").stdout)))
    assert [(row["user"], row["role"], row["verdict"], row["mfa"], row["from"]) for row in rows] == [
        ("alice", "ACCESS", "allowed", "required", f"{OFFICE}/32"),
        ("alice", "OTHER", "refused", "", ""),
        ("eve", "ACCESS", "refused", "", ""),
        ("eve", "OTHER", "refused", "", ""),
    ]
    data = json.loads(run("matrix", "--state", file, "--format", "json").stdout)
    assert data["access"] == rows
    assert data["outsiders"][0]["who"] == f"everyone in account {OTHER}"


def test_matrix_as_markdown_is_one_table(run: Run, tmp_path: Path) -> None:
    lines = run("matrix", "--state", demo().write(tmp_path), "--format", "markdown").stdout.splitlines()
    assert lines[0] == "| who | account | role | MFA | from | by |"
    assert lines[2].startswith(f"| alice, bob | {TARGET} | ACCESS | required | {OFFICE}/32 | grant-1 of group Admins")


@pytest.mark.parametrize(
    ("options", "verdict", "said"),
    [
        ((), "allowed", f"From {OFFICE}/32."),
        (("--from", OFFICE), "allowed", "✓ Grant"),
        (("--no-mfa",), "refused", "Sign out and in again with your MFA device"),
        (("--keys", "long-term", "--no-mfa"), "refused", "aws sts get-session-token"),
        (
            ("--from", "198.51.100.7"),
            "refused",
            f"Come from {OFFICE}/32, or add your address to the networks in grant-1 of group Admins",
        ),
        (("--from", "198.51.100.7"), "refused", "IpAddress 203.0.113.10 is false when aws:SourceIp is '198.51.100.7'"),
        (("--from", "2001:db8::1"), "refused", "✗ Grant"),
    ],
)
def test_explain_names_what_decides_and_what_to_change(
    run: Run, tmp_path: Path, options: tuple[str, ...], verdict: str, said: str
) -> None:
    result = run("explain", "alice", TARGET, *options, "--state", demo().write(tmp_path))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].endswith(f": {verdict}")
    assert said in " ".join(result.stdout.split())


def test_explain_tells_a_missing_grant_from_a_missing_name_in_the_trust(run: Run, tmp_path: Path) -> None:
    file = demo("alice").user("bob").user("carol", "Admins").write(tmp_path)
    bob, carol = (" ".join(run("explain", name, TARGET, "--state", file).stdout.split()) for name in ("bob", "carol"))
    assert "Add bob to the group Admins, which has a grant for this role." in bob
    assert f"Name {user_arn('bob')} in the trust policy of role ACCESS" in bob
    assert "Add carol" not in carol
    assert f"✗ Trust Nothing in the trust policy of role ACCESS allows sts:AssumeRole for {user_arn('carol')}." in carol


def test_explain_sees_a_user_made_anew(run: Run, tmp_path: Path) -> None:
    builder = (
        StateBuilder()
        .user("alice", policy=document(grant()), uniqueId="AIDANEW")
        .role("ACCESS", document(trust("AIDAOLD")))
    )
    out = run("explain", "alice", TARGET, "--state", builder.write(tmp_path)).stdout
    assert "The trust policy holds the id of a user that was deleted (AIDAOLD): deploy it again." in out


def test_explain_says_what_cannot_be_verified_instead_of_guessing(run: Run, tmp_path: Path) -> None:
    builder = (
        StateBuilder()
        .user("alice", attached=["arn:aws:iam::aws:policy/NewerThanTheTable"])
        .role("ACCESS", document(trust(user_arn("alice"))))
    )
    out = run("explain", "alice", TARGET, "--state", builder.write(tmp_path)).stdout
    assert out.splitlines()[0].endswith(": cannot be verified")
    assert "? Grant" in " ".join(out.split())
    assert "The document of arn:aws:iam::aws:policy/NewerThanTheTable is not in these states." in out


def test_explain_names_a_deny_and_a_role_name_too_long_for_the_form(run: Run, tmp_path: Path) -> None:
    deny = grant("*", {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, Effect="Deny", Sid="Never")
    builder = StateBuilder().user(
        "alice", policy=document(grant(), {**deny, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    )
    builder.role("A" * 40, document(trust(user_arn("alice"))), path="/a/very/long/path/for/a/role/")
    out = " ".join(run("explain", "alice", TARGET, "--state", builder.write(tmp_path)).stdout.split())
    assert "is longer than the 64 characters that Switch Role takes" in out


def test_explain_covers_every_role_of_the_account_or_the_one_asked_for(run: Run, tmp_path: Path) -> None:
    file = demo("alice").role("OTHER", document(trust(user_arn("alice")))).write(tmp_path)
    assert run("explain", "alice", TARGET, "--state", file).stdout.count("→") == 2
    assert run("explain", "alice", TARGET, "--role", "OTHER", "--state", file).stdout.count("→") == 1


def changed(
    run: Run, tmp_path: Path, before: StateBuilder, after: StateBuilder, *options: str
) -> tuple[int, list[str]]:
    result = run("diff", before.write(tmp_path, "before"), after.write(tmp_path, "after"), *options)
    return result.exit_code, result.stdout.splitlines()


def readable(lines: list[str]) -> list[str]:
    """The sentences about who enters which role, without the proof's own (tests/access/test_access_proof.py)."""
    return [line for line in lines if not any(said in line for said in PROVED)]


def with_trust(condition: Any) -> StateBuilder:
    return (
        StateBuilder()
        .user("alice", policy=document(grant()))
        .role("ACCESS", document(trust(user_arn("alice"), condition)))
    )


OTHER_NET = {"IpAddress": {"aws:SourceIp": [OFFICE, "198.51.100.0/24"]}}
PLACE = f"{TARGET} through ACCESS"
ASSUME = f"sts:AssumeRole on {role_arn()}"
LOCK = document(grant("*", {"NotIpAddress": {"aws:SourceIp": OFFICE}}, Effect="Deny", Action="*"))


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        (demo("alice"), demo("alice"), ["Nobody's access changes."]),
        (demo("alice"), demo("alice", "bob"), [f"bob gains {PLACE} (MFA required, from {OFFICE}/32)."]),
        (demo("alice", "bob", "carol"), demo("alice"), [f"bob and carol lose {PLACE}."]),
        (with_trust(MFA), with_trust(None), [f"alice no longer needs MFA in {PLACE} (!)"]),
        (with_trust(None), with_trust(MFA), [f"alice now needs MFA in {PLACE}."]),
        (
            with_trust({**MFA, **FROM_OFFICE}),
            with_trust({**MFA, **OTHER_NET}),
            [f"alice may enter {PLACE} from 198.51.100.0/24 too (!)"],
        ),
        (
            with_trust({**MFA, **OTHER_NET}),
            with_trust({**MFA, **FROM_OFFICE}),
            [f"alice may no longer enter {PLACE} from 198.51.100.0/24."],
        ),
        (with_trust({**MFA, **FROM_OFFICE}), with_trust(MFA), [f"alice may enter {PLACE} from anywhere (!)"]),
        (
            with_trust({**MFA, "StringEquals": {"sts:RoleSessionName": "${aws:username}"}}),
            with_trust(MFA),
            [f"alice may enter {PLACE} no longer only in a session named as the user (!)"],
        ),
        (
            StateBuilder().user("alice"),
            demo("alice", condition=LOOSE),
            [
                f"alice gains {PLACE} (MFA not always needed, with access keys or MFA: {OFFICE}/32) (!)",
                f"The role ACCESS in {TARGET} is new.",
            ],
        ),
        (
            demo("alice", policies=[LOCK]),
            demo("alice"),
            [f"A session of ACCESS in {TARGET} may be used from anywhere (!)"],
        ),
        (
            demo("alice"),
            demo("alice").role("EXTRA", document(trust("*"))),
            [
                f"The trust policy now admits everyone to {TARGET} through EXTRA (MFA not needed, from anywhere); "
                "nothing is known of the grants (!)",
                f"The role EXTRA in {TARGET} is new.",
            ],
        ),
    ],
)
def test_diff_says_each_change_in_a_sentence(
    run: Run, tmp_path: Path, before: StateBuilder, after: StateBuilder, sentences: list[str]
) -> None:
    code, lines = changed(run, tmp_path, before, after, "--fail-on-weaker")
    assert readable(lines) == sentences
    assert code == int(any("(!)" in text for text in lines))


def test_diff_notices_a_side_that_weakens_while_another_still_holds(run: Run, tmp_path: Path) -> None:
    without = grant("*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, Effect="Deny", Action="*")
    before, after = (demo("alice", condition=condition) for condition in (MFA, LOOSE))
    for builder in (before, after):
        builder.managed("strict", document(without)).group(
            "All", attached=[f"arn:aws:iam::{SECURITY}:policy/strict"], members=["alice"]
        )
    code, lines = changed(run, tmp_path, before, after, "--fail-on-weaker")
    assert code == 1
    assert readable(lines) == [
        f"The grant for ACCESS in {TARGET} no longer asks for MFA by itself; something else still does (!)",
        f"The trust policy of ACCESS in {TARGET} no longer asks for MFA by itself; something else still does (!)",
    ]


def test_diff_of_a_plan_needs_no_second_state(run: Run, tmp_path: Path) -> None:
    before, after = demo("alice"), demo("alice", "bob")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(plan_of(before, after)))
    result = run("diff", plan, "--state", before.write(tmp_path, "before"))
    assert readable(result.stdout.splitlines()) == [f"bob gains {PLACE} (MFA required, from {OFFICE}/32)."]


def test_diff_as_markdown_is_a_comment_with_the_weaker_changes_first(run: Run, tmp_path: Path) -> None:
    _, lines = changed(
        run, tmp_path, with_trust(MFA).user("bob", policy=document(grant())), with_trust(None), "--markdown"
    )
    assert lines[0] == "<!-- access diff -->"
    assert lines[3:6] == ["### ⚠️ Weaker access (2)", "", f"- alice no longer needs MFA in {PLACE} (!)"]
    assert lines[8:] == ["### Other changes (1)", "", f"- bob may no longer call {ASSUME} without MFA, from anywhere."]


def test_a_comment_stays_within_what_github_takes(run: Run, tmp_path: Path) -> None:
    def many(condition: object) -> StateBuilder:
        builder = StateBuilder()
        for i in range(60):
            builder.user(f"user{i}", policy=document(grant(role_arn(f"ROLE{i}"))))
            builder.role(f"ROLE{i}", document(trust(user_arn(f"user{i}"), condition)))  # type: ignore[arg-type]
        return builder

    _, lines = changed(run, tmp_path, many(MFA), many(None), "--markdown")
    assert lines[3] == "### ⚠️ Weaker access (120)"
    assert lines[-1] == "- … and 20 more: run `access diff` for all of them"
    assert len("\n".join(lines)) < 65_536


EXPECTATIONS = """\
expectations:
  - name: Admins get in from the office with MFA
    who: {group: Admins}
    where: "222222222222"
    role: ACCESS
    mfa: true
    from: 203.0.113.10
    verdict: allowed
  - name: Nobody enters without MFA
    mfa: false
    verdict: refused
  - name: bob cannot enter from elsewhere
    who: bob
    from: 198.51.100.7
    verdict: refused
  - name: Nobody from outside
    who: outsiders
    verdict: refused
  - name: No contractor reaches production
    who: {path: /contractors/*}
    verdict: refused
"""


def expected(run: Run, tmp_path: Path, text: str, builder: StateBuilder) -> tuple[int, str, str]:
    file = tmp_path / "access.yaml"
    file.write_text(text)
    result = run("expect", file, "--state", builder.write(tmp_path))
    return result.exit_code, result.stdout, result.stderr


def test_expectations_hold_on_the_delegation(run: Run, tmp_path: Path) -> None:
    code, out, _ = expected(run, tmp_path, EXPECTATIONS, demo())
    assert code == 0
    assert out.count("✓") == 5
    assert "nobody it is about" in out
    assert "5 of 5 expectations hold." in out


def test_each_broken_expectation_comes_with_a_counterexample(run: Run, tmp_path: Path) -> None:
    builder = StateBuilder().user("alice").user("bob").user("cas", path="/contractors/")
    builder.group("Admins", document(grant()), members=["bob", "cas"])
    builder.role(
        "ACCESS",
        document(trust([user_arn("bob"), user_arn("cas", path="/contractors/"), f"arn:aws:iam::{OTHER}:root"])),
    )
    builder.group("Admins2", members=["alice"])
    code, out, _ = expected(run, tmp_path, EXPECTATIONS.replace("group: Admins", "user: alice"), builder)
    assert code == 1
    assert "0 of 5 expectations hold." in out
    assert (
        f"alice is refused in {PLACE} with MFA, from 203.0.113.10. "
        f"No policy of alice or of alice's groups allows sts:AssumeRole on {role_arn()}." in out
    )
    assert (
        f"bob enters {PLACE} without MFA: MFA not needed, from anywhere, "
        "by grant-1 of group Admins, statement 1; trust policy of role ACCESS, statement 1." in out
    )
    assert f"everyone in account {OTHER} is admitted to {PLACE}" in out
    assert "access.yaml:9" in out


def test_what_cannot_be_verified_meets_no_expectation(run: Run, tmp_path: Path) -> None:
    builder = (
        StateBuilder()
        .user("alice", attached=["arn:aws:iam::aws:policy/NewerThanTheTable"])
        .role("ACCESS", document(trust(user_arn("alice"))))
    )
    for verdict in ("allowed", "refused"):
        code, out, _ = expected(run, tmp_path, f"expectations: [{{name: x, verdict: {verdict}}}]", builder)
        assert code == 1
        assert "cannot be verified" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "expectations:\n  - name: a\n    verdict: refused\n  - name: b\n    verdict: maybe\n",
            "line 5, entry 2 (b), verdict: input should be 'allowed' or 'refused'",
        ),
        (
            "expectations:\n  - name: a\n    verdict: refused\n    form: 1.2.3.4\n",
            "line 4, entry 1 (a), form: extra inputs are not permitted",
        ),
        (
            "expectations:\n  - name: a\n    verdict: refused\n    from: 1.2.3\n",
            "line 4, entry 1 (a), from: '1.2.3' does not appear to be an IPv4 or IPv6 address",
        ),
        ("expectations:\n  - verdict: refused\n", "line 2, entry 1, name: field required"),
        ("expectations: []\n", "line 1: list should have at least 1 item"),
        ("expectations:\n  - name: a\n   verdict: x\n", "line 3 is not YAML"),
        ("- a\n", "input should be a valid dictionary"),
        (
            "expectations:\n  - name: a\n    who: allice\n    verdict: refused\n",
            "There is no user allice in these states. Did you mean alice?",
        ),
        (
            "expectations:\n  - name: a\n    who: {group: Admin}\n    verdict: refused\n",
            "There is no group Admin in these states.",
        ),
        (
            "expectations:\n  - name: a\n    where: prod\n    verdict: refused\n",
            "There is no account prod in these states.",
        ),
        (
            "expectations:\n  - name: a\n    role: ACESS\n    verdict: refused\n",
            "There is no role ACESS for the expectation 'a'.",
        ),
    ],
)
def test_a_wrong_file_of_expectations_is_refused_with_line_and_entry(
    run: Run, tmp_path: Path, text: str, said: str
) -> None:
    code, _, err = expected(run, tmp_path, text, demo())
    assert code == 2
    assert said in err


def test_setup_writes_profiles_that_the_aws_cli_reads(run: Run, tmp_path: Path) -> None:
    out = run("setup", "alice", "--state", demo().role("OTHER", document(trust("*"))).write(tmp_path)).stdout
    link = f"https://signin.aws.amazon.com/switchrole?account={TARGET}&roleName=ACCESS&displayName=ACCESS+{TARGET}"
    assert link in out
    blocks = out.split("~/.aws/config")
    plain = ConfigParser()
    plain.read_string(blocks[2].partition("\n")[2].partition("AWS Extend")[0])
    assert dict(plain[f"profile {TARGET}-ACCESS"]) == {
        "role_arn": role_arn(),
        "source_profile": f"{SECURITY}-keys",
        "mfa_serial": f"arn:aws:iam::{SECURITY}:mfa/<your-device>",
        "role_session_name": "alice",
        "duration_seconds": "3600",
    }
    assert "mfa_serial" not in blocks[1].partition("AWS Extend")[0]
    assert "aws sts get-session-token" in out


def test_setup_of_somebody_without_any_way_in_says_so(run: Run, tmp_path: Path) -> None:
    out = run("setup", "eve", "--state", demo().user("eve").write(tmp_path)).stdout
    assert "eve may enter no role in these states" in out


def test_room_counts_users_per_trust_and_accounts_per_group(run: Run, tmp_path: Path) -> None:
    out = run("headroom", "--state", demo().write(tmp_path)).stdout
    size = len(document(trust([user_arn("alice"), user_arn("bob")], MFA)).replace(" ", ""))
    each = round((len(user_arn("alice")) + len(user_arn("bob"))) / 2) + 3
    row = next(line for line in out.splitlines() if "trust policy of role ACCESS" in line)
    assert f"{size}" in row
    assert f"about {(2048 - size) // each} more users (2 now)" in row
    size = len(document(grant(condition={**MFA, **FROM_OFFICE})).replace(" ", ""))
    assert f"about {(5120 - size) // size} more accounts (1 grants now)" in out
    assert "quota L-C07B4B0D" in out


def test_room_takes_a_raised_quota_from_the_stack(run: Run, tmp_path: Path) -> None:
    builder = demo()
    builder.resources[0]["outputs"] = {
        "roleArns": {"ACCESS": role_arn()},
        "documentSizes": {"roles": {"ACCESS": {"trust": {"used": 1, "limit": 4096}}}},
    }
    assert "4,096 characters" in run("headroom", "--state", builder.write(tmp_path)).stdout


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (100, True)])
def test_matrix_shows_the_statements_where_there_is_room(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, shown: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = run("matrix", "--state", demo().write(tmp_path)).stdout
    assert ("statement 1" in out) == shown
    assert ("is shown from 100 columns on" in out) != shown
    assert max(map(len, out.splitlines())) <= columns
