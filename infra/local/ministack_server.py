"""Starts the local AWS, ministack, with some fixes; run by the interpreter that has it. Exits when stdin is closed.

Its WebSocket API: the sub-protocol in `$connect`'s answer is selected, and its status is the handshake's; a route's
answer is sent to the client only with a route response; messages run concurrently; a failure sends nothing.
CloudFormation: STUBS have no effect here; Athena's named queries are made as its API makes them.
AUTH=true: over HTTP `aws:SecureTransport` is true all the same; the right to send to a queue includes batches; whoever
sends mail is asked for the right to the sender's domain.
Lambda: functions run on LAMBDA_PYTHON, which has no packages, so that missing ones in theirs show, and have AS_LONG
times the time, as a busy machine starts many of them at once. A package is unpacked once for all containers. Reserved
concurrency holds for all versions of a function. A batch of a stream whose function reports partial failures is
retried as a whole.
Cognito: each mail has a code of its own. Where e-mail is an alias no name may be an address, and a code makes the
address the alias of its user, unless it is another one's.
The patches use private names, so its version is pinned, and the tests tell when another one differs.
"""

import contextvars
import hashlib
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import types
import zipfile
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from ministack import app as server
from ministack.core import iam_actions, lambda_runtime
from ministack.services import apigateway, athena, cognito, lambda_svc
from ministack.services.cloudformation import provisioners

AS_LONG = 10  # times a function's timeout
AT_ONCE = 12  # messages of sockets that are handled concurrently
FAILED = '{"message": "Internal server error"'
STUBS: dict[str, tuple[str, ...]] = {  # a type: the attributes that templates read
    "AWS::Events::Archive": ("Arn",),
    "AWS::CodeDeploy::Application": (),  # a new version has all calls at once here
    "AWS::CodeDeploy::DeploymentGroup": (),
    "AWS::CloudFront::VpcOrigin": ("Id",),
    "AWS::EC2::FlowLog": (),
    "AWS::EC2::SecurityGroupEgress": (),
    "AWS::EC2::SecurityGroupIngress": (),
}

_slots = threading.BoundedSemaphore(AT_ONCE)
_unpacking = threading.Lock()
_reply: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("reply")
_invoke, _handle = apigateway._invoke_ws_lambda, apigateway.handle_websocket
_acquire, _action = lambda_svc.acquire_worker, iam_actions.extract_iam_action
_sign_up, _confirm, _mail = cognito._sign_up, cognito._confirm_sign_up, cognito._send_verification_email
_resource = iam_actions._ses_v2_resource_arn
_execute, _reserved = lambda_svc._execute_function, lambda_svc._reserved_concurrency


async def invoke(
    api: Any, account: Any, region: Any, route: Any, stage: Any, connection: Any, kind: str, *more: Any, **named: Any
) -> Any:
    """Call a route's function.

    Its answer is kept for the handshake, and else sent to the client only if the route says so.
    """
    reply = await _invoke(api, account, region, route, stage, connection, kind, *more, **named)
    if kind == "CONNECT":
        _reply.get().update(reply or {})
    elif kind == "MESSAGE" and not route.get("routeResponseSelectionExpression"):
        return reply if str((reply or {}).get("body")).startswith(FAILED) else None
    return reply


async def handle(scope: Any, receive: Any, send: Any, api: str, path_override: str | None = None) -> None:
    """Serve a client's socket, whose handshake is answered with `$connect`'s answer."""
    reply: dict[str, Any] = {}
    _reply.set(reply)
    is_open = False

    async def mended(message: dict[str, Any]) -> None:
        nonlocal is_open
        if message["type"] == "websocket.accept":
            is_open = True
            headers = {name.lower(): value for name, value in (reply.get("headers") or {}).items()}
            message = {**message, "subprotocol": headers.get("sec-websocket-protocol")}
        elif message["type"] == "websocket.close" and not is_open and reply:
            status = int(reply.get("statusCode", 500))
            await send({"type": "websocket.http.response.start", "status": status, "headers": []})
            message = {"type": "websocket.http.response.body", "body": b""}
        await send(message)

    await _handle(scope, receive, mended, api, path_override)


class Dispatched:
    """Replacement for the single worker of all sockets: each message goes through Lambda's own dispatcher."""

    def __init__(self, name: str, config: Any, code: Any, qualifier: Any = None) -> None:
        self._record = {"config": config, "code_zip": code}

    def invoke(self, event: Any, request_id: str) -> dict[str, Any]:
        """Call the function."""
        with _slots:
            result = lambda_svc._execute_function(self._record, event)
        if result.get("error") or result.get("throttle"):
            return {"status": "error", "error": f'{FAILED}, "requestId": "{request_id}"}}'}
        return {"status": "ok", "result": result.get("body")}


def execute(function: Any, event: Any, *more: Any, **named: Any) -> Any:
    """Call a function. The call fails if its answer reports failed records of a stream."""
    result = _execute(function, event, *more, **named)
    records = event.get("Records", ()) if isinstance(event, dict) else ()
    is_of_stream = any(record.get("eventSource") == "aws:dynamodb" for record in records)
    return {**result, "error": True} if is_of_stream and _names_failures(result.get("body")) else result


def _names_failures(answer: Any) -> bool:
    given = json.loads(answer) if isinstance(answer, str) else answer
    return bool((given or {}).get("batchItemFailures"))


class Unpacked(zipfile.ZipFile):
    """A package as a container finds it: unpacked once by the first, as each doing so would block all others."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Link `path`, an empty folder, to the unpacked package."""
        there = Path(tempfile.gettempdir(), hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest())
        with _unpacking:
            if not there.exists():
                super().extractall(there)
        Path(path).rmdir()
        Path(path).symlink_to(there)


def reserved(_: Any, config: Any) -> int | None:
    """Return how many of a function may run at once, of all versions together; None without a limit."""
    return _reserved(lambda_svc._functions.get(config["FunctionName"]), config)


def acquire(name: str, config: Any, *more: Any, **named: Any) -> Any:
    """Acquire a container of a function."""
    return _acquire(name, {**config, "Timeout": config["Timeout"] * AS_LONG}, *more, **named)


def action(service: str, *request: Any) -> str | None:
    """Return the permission that a request needs. SQS has none for batches alone."""
    named = _action(service, *request)
    return named.removesuffix("Batch") if named and service == "sqs" else named


def sign_up(given: Any) -> Any:
    """Sign up in a user pool."""
    pool, _ = cognito._pool_for_client(given.get("ClientId"))
    if "email" in (pool or {}).get("AliasAttributes", ()) and cognito._USERNAME_EMAIL_RE.fullmatch(given["Username"]):
        message = "Username cannot be of email format, since user pool is configured for email alias."
        return cognito.error_response_json("InvalidParameterException", message, 400)
    return _sign_up(given)


def confirm(given: Any) -> Any:
    """Confirm a sign-up with a valid code. Its address is verified from then on, and so its alias."""
    pool, _ = cognito._pool_for_client(given.get("ClientId"))
    user, _ = cognito._resolve_user(pool, given.get("Username")) if pool else (None, None)
    if user is None:
        return _confirm(given)
    attributes = cognito._attr_list_to_dict(user["Attributes"])
    other, _ = cognito._resolve_user(pool, attributes.get("email"))
    if "email" in pool["AliasAttributes"] and other is not None and other is not user:
        if not given.get("ForceAliasCreation"):
            message = "An account with the email already exists."
            return cognito.error_response_json("AliasExistsException", message, 400)
        other["Attributes"] = _with(other["Attributes"], email_verified="false")
    user["Attributes"] = _with(user["Attributes"], email_verified="true")
    return _confirm(given)


def _with(attributes: Any, **changes: str) -> Any:
    return cognito._merge_attributes(attributes, cognito._dict_to_attr_list(changes))


def mail(pool: Any, username: str, attributes: Any, _: str, attribute_name: str = "email") -> Any:
    """Mail a new code."""
    user, _nobody = cognito._resolve_user(pool, username)
    kind = "_reset_code" if attribute_name == "password" else "_confirmation_code"
    user[kind] = f"{secrets.randbelow(10**6):06d}"
    return _mail(pool, username, attributes, user[kind], attribute_name)


def sender(method: str, path: str, body: bytes, region: str, account: str) -> Any:
    """Return what a call of SES is about: a mail is about its sender's domain, as the service reference of IAM says."""
    if not path.endswith("/outbound-emails"):
        return _resource(method, path, body, region, account)
    domain = parseaddr(json.loads(body)["FromEmailAddress"])[1].rpartition("@")[2]
    return f"arn:aws:ses:{region}:{account}:identity/{domain}"


def stub(attributes: tuple[str, ...]) -> dict[str, Any]:
    """Return the handler of a resource type without effect."""

    def create(name: str, _: Any, stack: Any) -> Any:
        made = provisioners._physical_name(stack, name)
        return made, dict.fromkeys(attributes, made)

    return {"create": create, "delete": lambda *_: None}


def named_query(name: str, properties: Any, stack: Any) -> Any:
    """Create a named query of Athena."""
    _, _, answer = athena._create_named_query(properties)
    return json.loads(answer)["NamedQueryId"], {}


def _without_mathematics(handler: dict[str, Any]) -> None:
    """Make alarms on expressions do nothing: the AWS metrics for them do not exist here."""
    create, nothing = handler["create"], stub(("Arn",))["create"]

    def made(name: str, properties: Any, stack: Any) -> Any:
        return (nothing if "Metrics" in properties else create)(name, properties, stack)

    handler["create"] = made


def _with_records(handler: dict[str, Any]) -> None:
    """Let templates read the records by which an identity of SES is proven."""
    create = handler["create"]

    def made(name: str, properties: Any, stack: Any) -> Any:
        identity, attributes = create(name, properties, stack)
        records = {
            f"DkimDNSToken{part}{number}": f"{identity}-{number}" for part in ("Name", "Value") for number in (1, 2, 3)
        }
        return identity, {**attributes, **records}

    handler["create"] = made


def mend() -> None:
    """Apply all patches."""
    apigateway._invoke_ws_lambda, apigateway.handle_websocket = invoke, handle
    lambda_runtime.get_or_create_worker = Dispatched
    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": Unpacked})
    lambda_svc.acquire_worker, iam_actions.extract_iam_action = acquire, action
    lambda_svc._execute_function, lambda_svc._reserved_concurrency = execute, reserved
    iam_actions._ses_v2_resource_arn = sender
    cognito._sign_up, cognito._confirm_sign_up, cognito._send_verification_email = sign_up, confirm, mail
    detect = lambda_runtime._detect_runtime_binary

    def on_our_python(runtime: str) -> Any:
        binary, script = detect(runtime)
        return (os.environ["LAMBDA_PYTHON"] if runtime.startswith("python") else binary), script

    lambda_runtime._detect_runtime_binary = on_our_python
    for kind, attributes in STUBS.items():
        provisioners._RESOURCE_HANDLERS.setdefault(kind, stub(attributes))
    _without_mathematics(provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"])
    _with_records(provisioners._RESOURCE_HANDLERS["AWS::SES::EmailIdentity"])
    provisioners._RESOURCE_HANDLERS["AWS::Athena::NamedQuery"] = {
        "create": named_query,
        "delete": lambda id, *_: athena._delete_named_query({"NamedQueryId": id}),
    }
    asgi = server.app

    async def over_tls(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await asgi(scope, receive, send)

    server.app = over_tls


def _until_alone() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    mend()
    threading.Thread(target=_until_alone, daemon=True).start()
    server.main()
