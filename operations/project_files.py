"""Checks the files that tell Pulumi about a stack before Pulumi reads them (`make preview`, `make up`).

Besides configuration, Pulumi.yaml and a stack file can name software that Pulumi then runs, also in place of what runs
the policy pack; and Pulumi reads keys that it does not know in silence. So only the keys that this project uses pass,
in YAML that every parser reads alike.
https://www.pulumi.com/docs/iac/concepts/projects/project-file/
https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PROJECT = "delegation"
"""Name of the project, which is also the namespace of its configuration."""
PACK = Path("policypacks/delegation")
"""The policy pack's folder, from the repository's top."""
RUNTIME = {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
"""What runs the program: Python, in the environment that `make setup` makes."""
PROJECT_KEYS = ("name", "description", "author", "website", "license", "requiredPulumiVersion", "runtime", "config")
"""Keys of Pulumi.yaml."""
STACK_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider")
"""Keys of a stack file: the configuration, and what `pulumi stack init` writes about its secrets."""
OTHER_PROJECT_FILES = ("Pulumi.json", "Pulumi.yml", "PulumiPlugin.json", "PulumiPlugin.yaml", "PulumiPlugin.yml")
"""Files that Pulumi prefers to Pulumi.yaml, or that it does not allow beside it; the first brings stack files with it.

https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/workspace/paths.go
"""

_NO_DEFAULT_PROVIDERS = "pulumi:disable-default-providers"
_WHY = {
    "plugins": "it replaces the software that runs the policy pack",
    "environment": "it sets variables from outside the repository, and variables choose what runs the policy pack",
    "backend": "it takes the state from elsewhere; set PULUMI_BACKEND_URL instead",
    "main": "it runs another program",
    "packages": "it brings software that runs beside the policy pack",
    "stackConfigDir": "it takes the stack files from another folder",
}
_UNUSED = "this project does not use it, so nobody has looked at what it makes Pulumi run"
# Marks that one parser takes for a line break, or for nothing, and another for text.
_AMBIGUOUS = re.compile("[\x85\u2028\u2029\ufeff]")
_DEEPEST = 50


def pack_config(pack: Path, stack: str) -> Path:
    """Return the file with a policy pack's configuration for a stack."""
    return pack / "config" / f"{stack}.json"


def problems(folder: Path, stack: str) -> Iterator[str]:
    """Yield what is wrong with the files that Pulumi reads in a folder for a stack, one sentence each."""
    for name in OTHER_PROJECT_FILES:
        if os.path.lexists(folder / name):
            yield f"{folder / name}: Pulumi reads it in place of Pulumi.yaml, or refuses both. Remove it."
    for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
        file = folder / name
        try:
            content = parse(file.read_bytes())
        except OSError as error:
            yield f"{file}: it cannot be read: {error.strerror}."
        except ValueError as error:
            yield f"{file}: {error}"
        else:
            yield from (f"{file}: {problem}" for problem in problems_of(name, content))


def problems_of(name: str, content: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the content of Pulumi.yaml or of a stack file, one sentence each."""
    is_project = name == "Pulumi.yaml"
    allowed = PROJECT_KEYS if is_project else STACK_KEYS
    for key in content:
        if key not in allowed:
            yield f"`{key}`: {_WHY.get(key, _UNUSED)}. Remove it; the keys used here are {', '.join(allowed)}."
    if is_project and content.get("name") != PROJECT:
        yield f"`name` is {content.get('name')!r}: call the project {PROJECT}, as the configuration's keys do."
    if is_project and content.get("runtime") != RUNTIME:
        yield f"`runtime` is {content.get('runtime')!r}: the program runs on what `make setup` made. Write {RUNTIME}."
    yield from _config_problems(content.get("config"))


def _config_problems(config: Any) -> Iterator[str]:
    # Other namespaces configure the engine and default providers, `aws:pluginDownloadURL` among them.
    if config is None:
        return
    if not isinstance(config, dict):
        yield f"`config` is {config!r}, not a map: write one `{PROJECT}:key: value` a line, indented."
        return
    for key, value in config.items():
        namespace, separator, _ = key.rpartition(":")
        if key == _NO_DEFAULT_PROVIDERS:
            if value != ["*"]:
                yield f'`config`: {key} is {value!r}: write ["*"], so that each resource names its account\'s provider.'
        elif separator and namespace != PROJECT:
            yield f"`config`: {key} is not of this project, whose keys begin with {PROJECT}:. Remove it."


def parse(data: bytes) -> dict[str, Any]:
    """Return the map that a YAML file holds.

    Raises:
        ValueError: it is no map in one document, a key stands twice or is no text, or the file uses what YAML parsers
            read differently: anchors, aliases, tags, merge keys, directives, rare line breaks. The text is a sentence.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8. Save it as UTF-8.") from None
    if _AMBIGUOUS.search(text):
        raise ValueError(
            "it contains a byte order mark or a rare line break, which parsers read differently. Remove it."
        )
    try:
        _refuse_what_is_not_plain(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_keys(node)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError("it is not a map of keys.")
    for key in [*content, *(content["config"] if isinstance(content.get("config"), dict) else ())]:
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is not text. Write it in quotes, or remove it.")
    return content


def _refuse_what_is_not_plain(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply.")
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            raise ValueError(f"line {line} is a YAML directive. Remove it.")
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError(f"line {line} has an anchor, an alias or a tag. Write the value itself.")


def _check_keys(node: yaml.Node | None) -> None:
    """Refuse keys that stand twice, keys that are not plain values, and merge keys, at any depth."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            raise ValueError(f"line {line} has a key that is not text. Write each key out.")
        if key.value in seen:
            raise ValueError(f"line {line} has the key {key.value} a second time. Remove one.")
        seen.add(key.value)
        _check_keys(value)
