"""What the documents say about the program, held against the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore import xform_name
from pydantic.alias_generators import to_camel

from configuration.model import Role
from settings import Settings, parse
from tests.operations.documents import PAGES, TOP, Command, commands
from tests.operations.messages import messages

REQUIRED = {
    "securityAccountId": "111111111111",
    "targetAccountId": "222222222222",
    "staticIps": ["203.0.113.10"],
    "groups": {"IT-Admins": ["alice"]},
    "roles": {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"]}},
}
SPEAKING = (
    "settings.py",
    *(str(file.relative_to(TOP)) for file in sorted((TOP / "configuration").glob("*.py"))),
    "live_grants.py",
    "live_group.py",
    "live_role.py",
    "components/packing.py",
    "components/quotas.py",
    *(str(file.relative_to(TOP)) for file in sorted((TOP / "operations").glob("*.py"))),
    "sandbox/demo.py",
    "sandbox/workspace.py",
    "sandbox/local_accounts.py",
    "sandbox/engine/locate.py",
    "sandbox/engine/build.py",
)
MARKED = [command for command in commands() if not command.runs_here]
BOOTSTRAP = [command for command in commands(["bootstrap/README.md"]) if "cloudformation" in command.text]


def section(document: str, heading: str) -> str:
    """Return the text under a heading, up to the next of its level or higher."""
    level = heading.split()[0]
    _, _, rest = (TOP / document).read_text().partition(f"\n{heading}\n")
    assert rest, f"{document} has no heading {heading}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their heads."""
    body = re.sub(r"^\|.*\n\|[-|]+\n", "", text, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")]


CONFIGURATION = {row[0].strip("`"): row[1] for row in rows(section("docs/configuration.md", "## Keys"))}


def test_the_configuration_table_has_every_key_in_the_programs_order() -> None:
    assert list(CONFIGURATION) == [to_camel(name) for name in Settings.model_fields if name != "stack"]


@pytest.mark.parametrize("key", CONFIGURATION)
def test_the_configuration_table_says_the_programs_default(key: str) -> None:
    project = yaml.safe_load((TOP / "Pulumi.yaml").read_text())["config"]
    shared = {name: entry["default"] for name, entry in project.items() if "default" in entry}
    told = [yaml.safe_load(text) for text in re.findall("`([^`]*)`", CONFIGURATION[key])]
    if key in REQUIRED:
        assert CONFIGURATION[key].startswith("required")
        return
    name = next(name for name in Settings.model_fields if to_camel(name) == key)
    values = {stack: getattr(parse(stack, REQUIRED | shared), name) for stack in ("preprod", "production")}
    actual = values["preprod"]
    plain = actual.model_dump(by_alias=True, exclude_none=True) if hasattr(actual, "model_dump") else actual
    assert told[0] == (list(plain) if isinstance(plain, tuple) else plain)
    assert (values["production"] != values["preprod"]) == ("`production`" in CONFIGURATION[key])


def test_the_table_of_a_roles_fields_has_each_with_the_programs_default() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(section("docs/configuration.md", "## Fields of a role"))}
    assert list(told) == [to_camel(name) for name in Role.model_fields]
    role = parse("preprod", REQUIRED).access_roles["TSU-IAM-ACCESS"].model_dump(by_alias=True)
    assert told.pop("groups") == "required"
    assert told.pop("managedPolicyArns").strip("`") == role["managedPolicyArns"][0].rpartition("/")[2]
    for field, default in told.items():
        assert (
            default.startswith("absent") if role[field] is None else yaml.safe_load(default.strip("`")) == role[field]
        )


def test_the_configuration_page_lists_every_output() -> None:
    table = section("docs/configuration.md", "## What each stack creates").partition("| stack | output |")[2]
    exported = re.findall(r'pulumi\.export\("(\w+)"', (TOP / "__main__.py").read_text())
    assert {name for row in rows("| stack | output |" + table) for name in re.findall("`(\\w+)`", row[1])} == set(
        exported
    )


def test_the_configuration_pages_examples_are_accepted() -> None:
    people, narrowed = (
        yaml.safe_load(block)["config"]
        for block in re.findall("```yaml\n(.*?)```", (TOP / "docs/configuration.md").read_text(), re.DOTALL)
    )
    shared = {key: entry["default"] for key, entry in people.items()}
    only = {key.removeprefix("delegation:"): value for key, value in narrowed.items()}
    assert list(parse("preprod", REQUIRED | shared | only).access_roles) == ["TSU-IAM-ACCESS"]


def entries() -> dict[str, re.Pattern[str]]:
    """Return the program's texts that the troubleshooting page lists, and what each stands for."""
    listed = {}
    for row in rows(section("docs/troubleshooting.md", "## What the program says")):
        text = row[0].removeprefix("```").removesuffix("``").strip() if row[0].startswith("```") else row[0].strip("`")
        listed[row[0]] = re.compile(".*?".join(map(re.escape, text.replace("``", "`").split("…"))))
    return listed


def spoken() -> set[str]:
    return {message for file in SPEAKING for message in messages(TOP / file)}


def test_every_text_of_the_program_is_on_the_troubleshooting_page() -> None:
    patterns = entries().values()
    assert [text for text in sorted(spoken()) if not any(pattern.match(text) for pattern in patterns)] == []


def test_the_troubleshooting_page_lists_no_text_that_the_program_does_not_have() -> None:
    said = spoken()
    assert [text for text, pattern in entries().items() if not any(map(pattern.match, said))] == []


def test_the_search_for_texts_finds_them(tmp_path: Path) -> None:
    source = tmp_path / "program.py"
    source.write_text('def f(x):\n    rule = "a" if x else f"b {x}"\n    raise ValueError(f"{x} is c: " "d")\n')
    assert messages(source) == {"a", "b …", "… is c: d"}


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES)
def test_links_lead_somewhere(document: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", (TOP / document).read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = ((TOP / document).parent / name).resolve() if name else TOP / document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", PAGES)
def test_no_phrase_is_one_that_a_native_reader_stumbles_over(document: str) -> None:
    phrases = r"\b(?:(?:is|are|be) (?:said|let)|let be|what holds|look for drift|at once that)\b"
    assert re.findall(phrases, (TOP / document).read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize("document", PAGES)
def test_modules_that_are_named_exist(document: str) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.py)`", (TOP / document).read_text())
    roots = (TOP, TOP / "policypacks/delegation")
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


@pytest.mark.parametrize("document", PAGES)
def test_the_makefile_has_every_verb_that_is_written(document: str) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    written = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", (TOP / document).read_text(), re.MULTILINE))
    assert written <= verbs


@pytest.mark.parametrize("command", BOOTSTRAP, ids=str)
def test_bootstraps_commands_give_the_templates_parameters(command: Command) -> None:
    template = "security" if "bootstrap/security.yaml" in command.text else "target"
    text = (
        (TOP / f"bootstrap/{template}.yaml").read_text().partition("\nParameters:\n")[2].partition("\nConditions:\n")[0]
    )
    patterns = dict(re.findall(r"^  (\w+):\n(?:    .*\n)*?    AllowedPattern: (.*)", text, re.MULTILINE))
    words = shlex.split(command.text.replace("\\\n", " "))
    given = re.findall(
        r"^(?:ParameterKey=)?(?!ParameterKey)([A-Z]\w+)(?:=|,ParameterValue=)\"?([^\"\n]+)",
        "\n".join(words),
        re.MULTILINE,
    )
    assert given or "create-stack-instances" in command.text
    for parameter, values in given:
        assert all(re.fullmatch(patterns[parameter], value) for value in values.split(",")), parameter


def test_commands_fit_a_terminal_and_hold_no_placeholder() -> None:
    for command in commands():
        assert not re.search(r"<[a-z]", command.text), str(command)
        if "://" not in command.text:
            assert max(map(len, command.text.splitlines())) <= 80, str(command)


@pytest.mark.parametrize("command", MARKED, ids=str)
def test_a_command_that_needs_aws_has_the_right_form(command: Command) -> None:
    words = shlex.split(command.text.replace("\\\n", " "))
    match words:
        case ["aws", service, operation, *options]:
            client = botocore.session.get_session().get_service_model(service)
            shapes = {xform_name(name, "-"): name for name in client.operation_names}
            shape = client.operation_model(shapes[operation]).input_shape
            members = shape.members if shape else {}
            known = {f"--{xform_name(name, '-')}": member for name, member in members.items()}
            known |= {f"--no-{name[2:]}": member for name, member in known.items() if member.type_name == "boolean"}
            given = {option for option in options if option.startswith("--")} - {"--profile", "--region"}
            assert given <= set(known)
            needed = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else [])}
            assert needed <= given
        case ["export", assignment]:
            assert re.fullmatch("[A-Z_]+=.*", assignment)
        case ["make", *_]:
            # That there is such a verb is checked above, what it does in tests/e2e/test_taking_back.py.
            pass
        case ["pulumi", *_]:
            # Its options are held against the engine, end to end.
            pass
        case _:
            pytest.fail(f"nothing checks the form of {words[0]}")
