"""The previews of a pull request, summed up: what may come from the code under review stays text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from operations.preview_summary import page, previews
from sandbox.workspace import REPOSITORY


def report(folder: Path, stack: str, text: str = "", outcome: str = "success", **changes: int) -> Path:
    made = folder / f"report-{stack}"
    (made / "plans").mkdir(parents=True)
    (made / "preview.txt").write_text(text)
    (made / "outcome").write_text(f"{outcome}\n")
    (made / f"plans/{stack}.json").write_text("a warning first\n" + json.dumps({"changeSummary": changes}))
    return made


def summed_up(folder: Path) -> str:
    return "\n".join(page(previews(folder)))


def test_stacks_whose_previews_say_the_same_are_one_part(tmp_path: Path) -> None:
    for number in range(200):
        text = f"Previewing update ({number}):\n ~ role in 4444{number:08} of acct-{number:03} took {number}ms\n"
        report(tmp_path, f"acct-{number:03}", text.replace(f"({number})", f"(acct-{number:03})"), update=1, same=9)
    report(tmp_path, "security", "nothing", same=4)
    written = summed_up(tmp_path)
    assert written.startswith("### 201 previewed: 0 failed, 200 would change\n")
    assert re.findall("^#### .*", written, re.MULTILINE) == [
        "#### acct-000, acct-001, acct-002, acct-003, acct-004, acct-005, acct-006, acct-007 and 192 more: 1 to update",
        "#### security: no change",
    ]


def test_what_failed_comes_first_and_whatever_is_no_success_has_failed(tmp_path: Path) -> None:
    report(tmp_path, "a", "fine", create=1)
    for stack, outcome in {"b": "failure", "c": "skipped", "d": "", "e": "success\nfailure"}.items():
        report(tmp_path, stack, f"{stack} is refused", outcome)
    (tmp_path / "report-f").mkdir()
    headings = re.findall("^#### .*", summed_up(tmp_path), re.MULTILINE)
    assert headings == ["#### b, c, d, e: failed", "#### f: failed", "#### a: 1 to create"]


def test_what_was_printed_stays_text_and_has_an_end(tmp_path: Path) -> None:
    report(tmp_path, "a", "~~~~\n@everyone <img src=x>\n```\n~~~~~~~\n", update=1)
    for number in range(20):
        report(tmp_path, f"long-{number}", chr(97 + number) * 100_000, update=1)
    written = summed_up(tmp_path)
    fences = re.findall("^~~~.*", written, re.MULTILINE)
    assert fences == ["~~~~text", "~~~~"] * (len(fences) // 2)
    assert len(written) < 40_000
    assert written.count("#### ") == 21


def test_nothing_but_the_reports_own_files_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the job's token")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "preview.txt").write_text("the job's token")
    folder = tmp_path / "reports"
    made = report(folder, "a")
    (made / "preview.txt").unlink()
    (made / "preview.txt").symlink_to(secret)
    (folder / "report-b").symlink_to(tmp_path / "elsewhere")
    (folder / "report-Not a stack").mkdir()
    os.mkfifo(folder / "report-a" / "fifo")
    written = summed_up(folder)
    assert "token" not in written
    assert written.startswith("### 1 previewed: ")


def test_a_plan_that_says_something_else_says_nothing(tmp_path: Path) -> None:
    for number, plan in enumerate(
        [
            "",
            "[]",
            "{",
            '{"changeSummary": 1}',
            '{"changeSummary": {"create": "x"}}',
            '{"changeSummary": {"create": 1e999}}',
        ]
    ):
        (report(tmp_path, f"a{number}") / f"plans/a{number}.json").write_text(plan)
    assert {preview.changes for preview in previews(tmp_path)} == {""}


def test_the_workflow_gets_the_page(tmp_path: Path) -> None:
    report(tmp_path, "preprod", "Rôle", create=1)
    done = subprocess.run(
        [sys.executable, "-m", "operations.preview_summary", tmp_path], cwd=REPOSITORY, capture_output=True, check=True
    )
    assert "#### preprod: 1 to create\n\n~~~~text\nRôle\n~~~~\n" in done.stdout.decode()
