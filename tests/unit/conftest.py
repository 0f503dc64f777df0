"""Programs run under recording mocks."""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import set_all_config, set_mocks
from pulumi.runtime.settings import get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func, wait_for_rpcs

import live_grants
from live_grants import LiveGrants
from live_group import LiveGroupError
from providers import account_provider
from tests.unit.recording import LiveAccounts, Log, Members, Recorded, RecordingMonitor, RunPulumi

TOP = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_machine_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "PULUMI_CONFIG"):
        monkeypatch.delenv(name, raising=False)


async def _value(outputs: pulumi.Output[dict[str, Any]]) -> dict[str, Any]:
    return await outputs.future() or {}


@pytest.fixture
def run_pulumi() -> Iterator[RunPulumi]:
    """A function that runs a program under recording mocks, on an event loop of its own.

    It takes the program, and by keyword: `stack`, `config` (values by full key), `members` (the live groups' user
    ARNs, or the text of the provider's refusal), `revocations` (made in the console: documents by role, or the text of
    the provider's refusal) and `preview`.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run(
        program: Callable[[], None],
        *,
        stack: str = "preprod",
        config: Mapping[str, Any] | None = None,
        members: Members = (),
        revocations: Mapping[str, str] | str = MappingProxyType({}),
        preview: bool = False,
    ) -> Recorded:
        recorded = Recorded()
        logger = logging.getLogger("pulumi-under-test")
        logger.handlers.clear()
        logger.propagate = False
        logger.addHandler(Log(recorded))
        mocks = LiveAccounts(recorded, members, revocations)
        # Exports gather on the root resource, which set_mocks keeps when there is one.
        set_root_resource(None)  # type: ignore[arg-type]
        set_mocks(
            mocks, project="delegation", stack=stack, preview=preview, logger=logger, monitor=RecordingMonitor(mocks)
        )
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
        set_all_config(texts)
        try:
            loop.run_until_complete(run_pulumi_func(program))
            loop.run_until_complete(wait_for_rpcs())
            root = get_root_resource()
            assert isinstance(root, Stack)
            recorded.outputs = loop.run_until_complete(_value(pulumi.Output.from_input(root.outputs)))
        except SystemExit as exit_:
            recorded.exit_code = int(exit_.code or 0)
        finally:
            set_all_config({})
        return recorded

    yield run
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def run_program(run_pulumi: RunPulumi, monkeypatch: pytest.MonkeyPatch) -> RunPulumi:
    """The same for the whole program, `__main__.py`, as the language host runs it.

    `grants` are what the live groups hold, each group a `LiveGrants`, or the text of AWS's refusal.
    """

    def run(*, grants: Sequence[LiveGrants] | str = (), **options: Any) -> Recorded:
        def read(_account: object, group: str) -> LiveGrants:
            if isinstance(grants, str):
                raise LiveGroupError(f"The grants of group {group} of the Security account cannot be read: {grants}")
            return next((live for live in grants if live.group == group), LiveGrants(group=group))

        for kind in ("inline", "packed"):
            monkeypatch.setattr(live_grants.SecurityAccount, kind, read)

        def program() -> None:
            runpy.run_path(str(TOP / "__main__.py"), run_name="__main__")

        before = signal.getsignal(signal.SIGINT)
        try:
            return run_pulumi(program, **options)
        finally:
            signal.signal(signal.SIGINT, before)

    return run


@pytest.fixture
def provider() -> Callable[[str], aws.Provider]:
    """Makes the provider of an account, inside a program."""
    return lambda name: account_provider(name, account_id="1" * 12, region="us-east-1")
