"""Pull requests that weaken a document and bring something to be judged by: preview.yml's own step, on the real engine.

Each weakens the trust policy, so a preview that passes was not judged by the base branch's policy pack.
"""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi_policy
import pytest
import yaml

from sandbox.workspace import REPOSITORY, Workspace
from tests.bootstrap.pull_requests import PullRequest, check_out, git
from tests.workspaces import initialize, open_workspace

STACK = "preprod"
REFUSED_BY_THE_PACK = "iam-trust-requires-mfa"


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as workspace:
        initialize(workspace, STACK)
        yield workspace


@pytest.fixture(scope="module")
def job(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PullRequest]:
    """A job that has checked out the base; no change here may leave a trace in it."""
    job = PullRequest(folder=tmp_path_factory.mktemp("job"), environment=workspace.env)
    check_out(workspace.root, job.base)
    yield job
    assert git(job.base, "status", "--porcelain") == ""


@pytest.fixture
def pull_request(workspace: Workspace, job: PullRequest, tmp_path: Path) -> Iterator[PullRequest]:
    """A pull request that lets plain access keys pass the trust policy."""
    check_out(workspace.root, job.change)
    documents = job.change / "components/documents.py"
    text = documents.read_text()
    assert text.count('WITH_MFA = {"Bool"') == 1
    documents.write_text(text.replace('WITH_MFA = {"Bool"', 'WITH_MFA = {"BoolIfExists"'))
    yield job
    for made in (job.change, job.folder / "report"):
        made.rename(tmp_path / made.name)


def sdk_that_judges_nothing(folder: Path) -> Path:
    """Write a `pulumi_policy` that loads the installed one and judges nothing; return its file."""
    real = Path(pulumi_policy.__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pulumi_policy.py"
    file.write_text(
        "import importlib.util, sys\n"
        f"real = {str(real)!r}\n"
        "spec = importlib.util.spec_from_file_location(\n"
        "    'pulumi_policy', real + '/__init__.py', submodule_search_locations=[real])\n"
        "module = sys.modules['pulumi_policy'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "def quiet(policy):\n"
        "    of_stack = isinstance(policy, module.StackValidationPolicy)\n"
        "    kind = module.StackValidationPolicy if of_stack else module.ResourceValidationPolicy\n"
        "    nothing = lambda args, report: None\n"
        "    return kind(policy.name, policy.description, nothing, config_schema=policy.config_schema)\n"
        "made = module.PolicyPack.__init__\n"
        "def make(self, name, policies, *rest, **more):\n"
        "    made(self, name, [quiet(policy) for policy in policies], *rest, **more)\n"
        "module.PolicyPack.__init__ = make\n"
    )
    return file


def host_that_judges_nothing(workspace: Workspace, folder: Path) -> Path:
    """Write a Python language host that starts policy packs on an SDK that judges nothing; return its folder."""
    sdk_that_judges_nothing(folder / "sdk")
    script = folder / "host.py"
    script.write_text(
        "import os, runpy, subprocess, sys\n"
        "class Popen(subprocess.Popen):\n"
        "    def __init__(self, command, *rest, **options):\n"
        "        if 'pulumi.policy' in command:\n"
        f"            sdk = {{'PYTHONPATH': {str(folder / 'sdk')!r}}}\n"
        "            options['env'] = {**(options.get('env') or os.environ), **sdk}\n"
        "        super().__init__(command, *rest, **options)\n"
        "subprocess.Popen = Popen\n"
        f"runpy.run_path({str(REPOSITORY / 'sandbox/language_host.py')!r}, run_name='__main__')\n"
    )
    pulumi = Path(shutil.which("pulumi", path=workspace.env["PATH"]) or "").resolve()
    host = folder / "pulumi-language-python"
    host.write_text(f'#!/bin/sh\nexec {sys.executable} {script} {pulumi.parent}/pulumi-language-python-exec "$@"\n')
    host.chmod(0o755)
    return folder


def bring_an_sdk(change: Path, _: Workspace) -> None:
    """A changed requirements file replaces the SDK in the change's own environment."""
    environment = change / ".venv"
    environment.unlink()
    venv.EnvBuilder(symlinks=True).create(environment)
    packages = next(environment.glob("lib/python*/site-packages"))
    sdk_that_judges_nothing(packages)
    (packages / "rest.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (environment / "installed").touch()


def bring_a_module(change: Path, _: Workspace) -> None:
    """A module in the program's folder, in which the policy pack is started."""
    sdk_that_judges_nothing(change)


def bring_a_policy_pack(change: Path, _: Workspace) -> None:
    """A policy pack without policies, and a configuration that lowers all."""
    pack = change / "policypacks/delegation"
    (pack / "__main__.py").write_text(
        "from pulumi_policy import PolicyPack\n\nPolicyPack(name='delegation', policies=[])\n"
    )
    (pack / f"config/{STACK}.json").write_text('{"all": "disabled"}')


def bring_a_makefile(change: Path, _: Workspace) -> None:
    """Makefiles that are read before, or instead of, the base branch's."""
    for name in ("GNUmakefile", "Makefile", "makefile"):
        (change / name).write_text(".DEFAULT preview:\n\t@echo all is well\n")


def edit(file: Path, **keys: object) -> None:
    """Set keys of a YAML file."""
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | keys))


def plugins(change: Path, workspace: Workspace) -> dict[str, object]:
    host = host_that_judges_nothing(workspace, change / "host")
    return {"languages": [{"name": "python", "path": str(host)}]}


def bring_a_language_host(change: Path, workspace: Workspace) -> None:
    """Pulumi.yaml names what runs Python."""
    edit(change / "Pulumi.yaml", plugins=plugins(change, workspace))


def bring_a_provider(change: Path, _: Workspace) -> None:
    """Pulumi.yaml names what checks and changes inputs before the policy pack sees them."""
    provider = change / "provider/pulumi-resource-aws"
    provider.parent.mkdir()
    provider.write_text("#!/bin/sh\necho the provider of the change runs >&2\nexit 1\n")
    provider.chmod(0o755)
    edit(change / "Pulumi.yaml", plugins={"providers": [{"name": "aws", "path": str(provider.parent)}]})


def bring_a_project_file(change: Path, workspace: Workspace) -> None:
    """Pulumi.json, which Pulumi prefers to Pulumi.yaml, names what runs Python."""
    project = yaml.safe_load((change / "Pulumi.yaml").read_text())
    (change / "Pulumi.json").write_text(json.dumps(project | {"plugins": plugins(change, workspace)}))
    stack = yaml.safe_load((change / f"Pulumi.{STACK}.yaml").read_text())
    (change / f"Pulumi.{STACK}.json").write_text(json.dumps(stack))


def bring_an_environment(change: Path, _: Workspace) -> None:
    """The stack file takes variables from an environment kept elsewhere."""
    edit(change / f"Pulumi.{STACK}.yaml", environment=["attacker/variables"])


def bring_a_download(change: Path, _: Workspace) -> None:
    """The stack file says where a default provider is downloaded from."""
    file = change / f"Pulumi.{STACK}.yaml"
    config = yaml.safe_load(file.read_text())["config"]
    edit(file, config=config | {"aws:pluginDownloadURL": "https://example.org/plugins"})


@pytest.mark.parametrize(
    ("bring", "says"),
    [
        (bring_an_sdk, REFUSED_BY_THE_PACK),
        (bring_a_module, REFUSED_BY_THE_PACK),
        (bring_a_policy_pack, REFUSED_BY_THE_PACK),
        (bring_a_makefile, REFUSED_BY_THE_PACK),
        (bring_a_language_host, "Pulumi.yaml: `plugins`: it replaces the software that runs the policy pack."),
        (bring_a_provider, "Pulumi.yaml: `plugins`: it replaces the software that runs the policy pack."),
        (bring_a_project_file, "Pulumi.json: Pulumi reads it in place of Pulumi.yaml"),
        (bring_an_environment, "Pulumi.preprod.yaml: `environment`: it sets variables from outside the repository"),
        (bring_a_download, "`config`: aws:pluginDownloadURL is not of this project"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_weakened_document_is_refused_whatever_comes_with_it(
    pull_request: PullRequest, workspace: Workspace, bring: Callable[[Path, Workspace], None], says: str
) -> None:
    bring(pull_request.change, workspace)
    code, report = pull_request.preview(STACK)
    assert says in report, report
    assert code != 0


def test_a_sound_change_passes(pull_request: PullRequest) -> None:
    shutil.copy(pull_request.base / "components/documents.py", pull_request.change / "components/documents.py")
    code, report = pull_request.preview(STACK)
    assert "10 to create" in report
    assert code == 0, report
