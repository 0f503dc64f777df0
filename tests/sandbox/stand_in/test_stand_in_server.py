"""The plugin as a process, over gRPC as the engine speaks to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.aws.wire import UNKNOWN, plain, property_values, secret_keys
from tests.sandbox.processes import PATIENCE
from tests.sandbox.stand_in.driver import urn

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "sandbox.aws", "--logtostderr", "127.0.0.1:1"]
USER = urn("aws:iam/user:User")


def start(command: list[str] | None = None) -> subprocess.Popen[str]:
    """Start the plugin, or a command, as the engine does, with the environment of the test."""
    return subprocess.Popen(
        command or COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def struct(values: dict[str, Any], *secrets: str) -> struct_pb2.Struct:
    return PropertyValue.marshal_map(property_values(values, secrets))


def values(message: struct_pb2.Struct) -> dict[str, Any]:
    return plain(PropertyValue.unmarshal_map(message))


@pytest.fixture
def plugin() -> Iterator[subprocess.Popen[str]]:
    """A plugin that has printed its port."""
    with start() as process:
        yield process
        process.kill()


@pytest.fixture
def stub(plugin: subprocess.Popen[str]) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The engine's side of the plugin."""
    assert plugin.stdout
    port = int(plugin.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)


def test_a_resource_s_whole_life(
    stub: provider_pb2_grpc.ResourceProviderStub, account_id: str, environment: Path
) -> None:
    environment.write_text(
        f"[profile p]\nrole_arn = arn:aws:iam::{account_id}:role/deploy\ncredential_source = Environment\n"
    )
    config = struct({"profile": "p", "region": "us-east-1", "allowedAccountIds": f'["{account_id}"]'})
    configured = stub.Configure(provider_pb2.ConfigureRequest(args=config, acceptSecrets=True, acceptResources=True))
    assert configured.acceptSecrets
    assert configured.supportsPreview
    assert not configured.acceptOutputs

    wanted = struct({"name": "alice", "tags": {"a": "secret"}}, "tags")
    checked = stub.Check(provider_pb2.CheckRequest(urn=USER, news=wanted, randomSeed=b"seed"))
    assert not checked.failures
    assert secret_keys(PropertyValue.unmarshal_map(checked.inputs)) == {"tags", "tagsAll"}

    preview = stub.Create(provider_pb2.CreateRequest(urn=USER, properties=checked.inputs, preview=True))
    assert (preview.id, values(preview.properties)["arn"]) == ("", UNKNOWN)
    created = stub.Create(provider_pb2.CreateRequest(urn=USER, properties=checked.inputs))
    assert (created.id, values(created.properties)["arn"]) == ("alice", f"arn:aws:iam::{account_id}:user/alice")
    assert secret_keys(PropertyValue.unmarshal_map(created.properties)) == {"tags", "tagsAll"}

    moved = struct(values(checked.inputs) | {"path": "/team/"})
    unchanged = stub.Diff(provider_pb2.DiffRequest(id="alice", urn=USER, olds=created.properties, news=checked.inputs))
    changed = stub.Diff(provider_pb2.DiffRequest(id="alice", urn=USER, olds=created.properties, news=moved))
    assert (unchanged.changes, changed.changes) == (
        provider_pb2.DiffResponse.DIFF_NONE,
        provider_pb2.DiffResponse.DIFF_SOME,
    )
    assert (list(changed.diffs), list(changed.replaces)) == (["path"], [])

    updated = stub.Update(provider_pb2.UpdateRequest(id="alice", urn=USER, olds=created.properties, news=moved))
    assert values(updated.properties)["arn"] == f"arn:aws:iam::{account_id}:user/team/alice"
    stub.Delete(provider_pb2.DeleteRequest(id="alice", urn=USER, properties=updated.properties))
    gone = stub.Read(provider_pb2.ReadRequest(id="alice", urn=USER, properties=updated.properties))
    assert gone == provider_pb2.ReadResponse()


def test_each_connection_has_a_provider_of_its_own(
    plugin: subprocess.Popen[str], account_id: str, other_account_id: str, environment: Path
) -> None:
    assert plugin.stdout
    port = int(plugin.stdout.readline())
    arns = []
    with ExitStack() as channels:
        # Otherwise channels to one address share a connection.
        apart = [("grpc.use_local_subchannel_pool", 1)]
        stubs = [
            provider_pb2_grpc.ResourceProviderStub(
                channels.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}", apart))
            )
            for _ in range(3)
        ]
        for account, stub in zip((account_id, other_account_id), stubs, strict=False):
            role = (
                f"[profile {account}]\nrole_arn = arn:aws:iam::{account}:role/deploy\ncredential_source = Environment\n"
            )
            environment.write_text(environment.read_text() + role)
            stub.Configure(provider_pb2.ConfigureRequest(args=struct({"profile": account, "region": "us-east-1"})))
        for stub in stubs[:2]:
            checked = stub.Check(provider_pb2.CheckRequest(urn=USER, news=struct({"name": "alice"})))
            created = stub.Create(provider_pb2.CreateRequest(urn=USER, properties=checked.inputs))
            arns.append(values(created.properties)["arn"])
        with pytest.raises(grpc.RpcError, match="not known yet"):
            stubs[2].Read(provider_pb2.ReadRequest(urn=USER, id="alice"))
    assert arns == [f"arn:aws:iam::{account}:user/alice" for account in (account_id, other_account_id)]


def test_a_refusal_reaches_the_user_word_for_word(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.Invoke(provider_pb2.InvokeRequest(tok="aws:s3/getBucket:getBucket"))
    assert refused.value.details() == (
        "the AWS stand-in does not know the function aws:s3/getBucket:getBucket; "
        "the real plugin (pulumi-resource-aws from Pulumi) is needed for it"
    )


def test_a_changed_provider_is_answered_with_the_engine_s_enum(stub: provider_pb2_grpc.ResourceProviderStub) -> None:
    old, new = struct({"region": "us-east-1"}), struct({"region": "eu-central-1"})
    changed = stub.DiffConfig(provider_pb2.DiffRequest(urn="urn", olds=old, news=new))
    same = stub.DiffConfig(provider_pb2.DiffRequest(urn="urn", olds=old, news=old))
    assert changed.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert (list(changed.diffs), list(changed.replaces)) == (["region"], [])
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_quietly(plugin: subprocess.Popen[str], number: signal.Signals) -> None:
    assert plugin.stdout
    assert int(plugin.stdout.readline())
    plugin.send_signal(number)
    assert plugin.communicate(timeout=PATIENCE) == ("", "")
    assert plugin.returncode == -number


def test_it_ends_with_the_engine_that_started_it() -> None:
    engine = f"import subprocess; subprocess.Popen({COMMAND!r}).wait()"
    with start([sys.executable, "-c", engine]) as process:
        assert process.stdout
        assert int(process.stdout.readline())
        process.kill()
        # Its end closes the last copy of this pipe.
        assert process.communicate(timeout=PATIENCE) == ("", "")
