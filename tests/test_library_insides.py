"""Insides of libraries that we rely on, each with what to read when a newer version lacks it.

`pyproject.toml` bounds these libraries from above. To raise a bound: `make lock`, run this file, and read the places it
names beside the library's changes; then the whole suite.
"""

import inspect
import tomllib
from collections.abc import Iterable
from typing import Any

import asyncpg
import pytest
from aiobotocore.signers import AioRequestSigner
from asyncpg.connection import ServerCapabilities
from botocore.handlers import BUILTIN_HANDLERS, add_expect_header
from graphql import Executor, GraphQLSchema
from graphql.validation.rules import overlapping_fields_can_be_merged
from starlette.formparsers import MultiPartParser
from uvicorn.config import Config
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import Protocol

from milequest.settings import PROJECT
from schema.build import build

FENCED = (
    "aioboto3",
    "asyncpg",
    "graphql-core",
    "httptools",
    "starlette",
    "strawberry-graphql",
    "uvicorn",
    "websockets",
)


def lacking(thing: Any, names: Iterable[str]) -> set[str]:
    """Return the names that a thing, or the `__init__` of a class, does not have."""
    written = inspect.getsource(thing.__init__) if inspect.isclass(thing) and hasattr(thing, "__init__") else ""
    return {name for name in names if not hasattr(thing, name) and f"self.{name}" not in written}


async def _silent(scope: Any, receive: Any, send: Any) -> None:
    """Do nothing: an application that is never called."""


@pytest.mark.parametrize("library", FENCED)
def test_library_whose_insides_are_used_has_an_upper_bound(library: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    (wanted,) = [line for line in project["dependencies"] if line.split(">=")[0] == library]
    assert ",<" in wanted, f"{library}: its insides are used, so a newer version has to be tried first"


def test_strawberry_holds_the_schema_of_graphql_core() -> None:
    assert isinstance(build()._schema, GraphQLSchema), "schema/build.py, schema/wiring.py: find the schema it wraps"


def test_graphql_core_executor_completes_field_by_field() -> None:
    names = ("execute_field", "build_per_event_executor", "_relevant_sub_fields", "middleware_manager")
    assert not lacking(Executor, names), "schema/plain.py overrides these: compare with the new Executor"
    given = list(inspect.signature(Executor.execute_field).parameters)
    assert given == ["self", "parent_type", "source", "field_details_list", "path", "position_context"]


def test_graphql_core_bounds_the_comparison_of_fields() -> None:
    assert overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET == 20_000, "schema/limits.py sets it"
    source = inspect.getsource(overlapping_fields_can_be_merged)
    assert "return MAX_COMPLEXITY_BUDGET" in source, (
        "schema/limits.py: the rule reads its budget elsewhere, so documents of 5 KB may take seconds again"
    )


def test_asyncpg_connection_knows_whether_the_server_has_jit() -> None:
    assert "jit" in ServerCapabilities._fields, "milequest/store/sql/pool.py: no session SET may be sent, for proxies"
    assert not lacking(asyncpg.Connection, ("_server_caps", "get_reset_query"))


def test_botocore_asks_s3_before_each_file_by_a_handler_that_can_be_taken_away() -> None:
    registered = [(event, handler) for event, handler, *_ in BUILTIN_HANDLERS]
    assert ("before-call.s3", add_expect_header) in registered, "milequest/store/aws/sdk_session.py unregisters it"


def test_aiobotocore_session_fetches_credentials_for_each_signature() -> None:
    assert "get_frozen_credentials" in inspect.getsource(AioRequestSigner.get_auth_instance), (
        "milequest/store/aws/sdk_session.py: OurCredentials answers this"
    )


async def test_uvicorn_http_protocol_has_the_parts_that_connections_bound() -> None:
    made = httptools_impl.HttpToolsProtocol(Config(_silent), ServerState(), {})
    names = ("loop", "flow", "cycle", "pipeline", "server_state", "timeout_keep_alive", "_start_asgi_task")
    assert not lacking(made, names), "app/http_connections.py extends this protocol: compare with the new one"
    assert isinstance(httptools_impl.STATUS_LINE, dict), "app/bounds.py answers with these lines"


async def test_uvicorn_websocket_protocol_has_the_parts_that_frames_are_bounded_by() -> None:
    made = WebSocketsSansIOProtocol(Config(_silent), ServerState(), {})
    assert not lacking(made, ("conn", "loop", "tasks", "handshake_initiated", "handle_ping")), (
        "app/upgrades.py extends this protocol: compare with the new one"
    )


def test_websockets_protocol_has_the_parser_that_frames_are_counted_in() -> None:
    assert not lacking(Protocol, ("parser", "parse")), "app/upgrades.py counts control frames and fragments there"


def test_starlette_form_parser_has_the_parts_that_uploads_are_bounded_by() -> None:
    names = ("spool_max_size", "_current_part", "on_headers_finished")
    assert not lacking(MultiPartParser, names), "app/http/forms.py keeps what is read in memory, and looks for the file"
