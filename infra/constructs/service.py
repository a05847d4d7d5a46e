"""Settings and permissions of the service's functions, by what they use."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.alarms import NAMESPACE
from infra.constructs.function import Function
from infra.constructs.permissions import allow
from infra.constructs.stack import Stack, stack_of
from infra.names import COMING, SHOWN
from infra.queues import LINES

TABLE = (
    "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:Query dynamodb:BatchWriteItem "
    "dynamodb:ConditionCheckItem"
)


def token_environment(stack: Stack) -> dict[str, str]:
    """Return the settings to check tokens."""

    return {
        "MILEQUEST_JWKS_URL": stack.shared("identity/keys"),
        "MILEQUEST_JWT_ISSUER": stack.shared("identity/issuer"),
        "MILEQUEST_JWT_CLIENT_ID": stack.shared("identity/clients"),
        **of_authorizer(stack),
    }


def of_authorizer(stack: Stack) -> dict[str, str]:
    """Return the setting of the operator's authorizer for other tokens, if there is one."""
    return {"MILEQUEST_AUTHORIZER": _authorizer_arn(stack)} if stack.home.authorizer else {}


def let_ask_authorizer(role: iam.IRole) -> None:
    """Let a role call the operator's authorizer, if there is one."""
    stack = stack_of(role)
    if stack.home.authorizer:
        allow(role, "lambda:InvokeFunction", _authorizer_arn(stack))


def _authorizer_arn(stack: Stack) -> str:
    return stack.arn_of("lambda", f"function:{stack.home.authorizer}")


def of_edge(stack: Stack) -> dict[str, str]:
    """Return the setting of the secret by which requests are known to have come through CloudFront."""
    return {"MILEQUEST_EDGE_SECRET": stack.names.of("origin")}


def let_read_edge_secret(role: iam.IRole) -> None:
    """Let a role read that secret."""
    let_read_secret(role, "origin")


def let_read_secret(role: iam.IRole, name: str) -> None:
    """Let a role read a secret by its name; its ARN ends with letters that Secrets Manager has chosen."""
    stack = stack_of(role)
    arn = stack.arn_of("secretsmanager", f"secret:{stack.names.of(name)}-??????")
    allow(role, "secretsmanager:GetSecretValue", arn)


def of_data(stack: Stack) -> dict[str, str]:
    """Return the addresses of the data, for functions."""
    return {
        "MILEQUEST_DATABASE_URL": stack.shared("data/writer-url"),
        "MILEQUEST_DATABASE_READER_URL": stack.shared("data/reader-url"),
        "MILEQUEST_REDIS_URL": stack.shared("data/cache-url"),
        "MILEQUEST_DATABASE_POOL": "2",  # a container answers one request at a time
        "MILEQUEST_DATA_DIR": "/tmp/milequest",
        **of_service(stack),
    }


def of_service(stack: Stack) -> dict[str, str]:
    """Return the public addresses of the service, and the destination of commit notifications."""
    return {
        "MILEQUEST_PUBLIC_URL": f"https://{stack.names.host('api')}",
        "MILEQUEST_CLIENT_URL": f"https://{stack.home.domain}",  # no page of ours here: logs would keep invites' codes
        "MILEQUEST_ALLOWED_ORIGINS": f"https://{stack.home.domain},https://{stack.names.host('admin')}",
        "MILEQUEST_LIVE_KICKS_QUEUE": queue_url(stack, "kicks"),
        "MILEQUEST_UPLOADS_BUCKET": stack.names.bucket("user-data"),
        "MILEQUEST_METRICS_NAMESPACE": NAMESPACE,
    }


def of_sockets(stack: Stack) -> dict[str, str]:
    """Return the names of the sockets' tables and queues."""
    return {
        "MILEQUEST_LIVE_TABLE": stack.names.of("live"),
        "MILEQUEST_METRICS_NAMESPACE": NAMESPACE,
        **{f"MILEQUEST_LIVE_{name.upper()}_QUEUE": queue_url(stack, name) for name in LINES},
    }


def of_probe(stack: Stack) -> dict[str, str]:
    """Return the address of the client of ours: nobody has a mailbox there, so nobody else can sign up with it."""
    return {"MILEQUEST_PROBE_EMAIL": f"probe@{stack.home.domain}"}


def of_bus(stack: Stack) -> dict[str, str]:
    """Return the name of the event bus."""
    return {"MILEQUEST_EVENT_BUS": stack.names.of("bus")}


def queue_url(stack: Stack, name: str) -> str:
    """Return a queue's URL."""
    queue = stack.names.queue(name, fifo=LINES[name].fifo)
    return f"https://sqs.{stack.region}.amazonaws.com/{stack.account}/{queue}"


def queue_arn(stack: Stack, name: str) -> str:
    """Return a queue's ARN."""
    return stack.arn_of("sqs", stack.names.queue(name, fifo=LINES[name].fifo))


def data_function(scope: Construct, name: str, handler: str, says: str, **given: object) -> Function:
    """Create a function that uses the databases and sends commit notifications."""
    stack = stack_of(scope)
    more: Mapping[str, str] = given.pop("variables", {})  # type: ignore[assignment]  # one of `Function`'s own
    variables = {**of_data(stack), **token_environment(stack), **more}
    function = Function(scope, name, handler, says, in_network=True, variables=variables, **given)  # type: ignore[arg-type]  # as above
    allow(function.role, "rds-db:connect", stack.shared("data/connect-arn"))
    let_cache(function.role)
    allow(function.role, "sqs:SendMessage", queue_arn(stack, "kicks"))
    return function


def let_cache(role: iam.IRole) -> None:
    """Let a role use Valkey, as its only user."""
    stack = stack_of(role)
    allow(role, "elasticache:Connect", stack.shared("data/cache-arn"), stack.shared("data/cache-user-arn"))


def let_sockets(function: Function, *queues: str) -> None:
    """Let a function change the rows of sockets, and send to some of the queues."""
    stack = stack_of(function)
    allow(function.role, TABLE, stack.arn_of("dynamodb", f"table/{stack.names.of('live')}"))
    if queues:
        allow(function.role, "sqs:SendMessage", *(queue_arn(stack, name) for name in queues))


def let_publish(function: Function) -> None:
    """Let a function publish to the event bus."""
    stack = stack_of(function)
    allow(function.role, "events:PutEvents", stack.arn_of("events", f"event-bus/{stack.names.of('bus')}"))


def let_upload(role: iam.IRole) -> None:
    """Let a role sign upload forms for pictures, which requires its own right to put them, and delete shown ones."""
    stack = stack_of(role)
    because = "Pictures have names of their own"
    allow(role, "s3:PutObject", pictures_arn(stack, COMING), because=because)
    allow(role, "s3:DeleteObject", pictures_arn(stack, SHOWN), because=because)
    allow(role, "kms:GenerateDataKey", stack.shared("global/data-key"))


def let_forget_pictures(function: Function) -> None:
    """Let a function delete shown pictures."""
    shown = pictures_arn(stack_of(function), SHOWN)
    allow(function.role, "s3:DeleteObject", shown, because="Pictures have names of their own")


def grant_picture_scan(function: Function) -> None:
    """Let a function read an upload, and publish or delete it. With the right to list, a missing object gives 404."""
    stack = stack_of(function)
    because = "Pictures have names of their own"
    allow(function.role, "s3:GetObject s3:DeleteObject", pictures_arn(stack, COMING), because=because)
    allow(function.role, "s3:PutObject s3:DeleteObject", pictures_arn(stack, SHOWN), because=because)
    allow(function.role, "s3:ListBucket", f"arn:aws:s3:::{stack.names.bucket('user-data')}")
    allow(function.role, "kms:Decrypt", stack.shared("global/data-key"))


def pictures_arn(stack: Stack, folder: str) -> str:
    """Return the ARN of all pictures of a folder."""
    return f"arn:aws:s3:::{stack.names.bucket('user-data')}/{folder}/*"


def let_sign_in(function: Function) -> None:
    """Let a function sign people up and in. Calls that take no role of ours are allowed by the client's secret."""
    stack = stack_of(function)
    actions = "AdminInitiateAuth AdminSetUserPassword AdminUserGlobalSignOut DescribeUserPoolClient"
    allow(
        function.role,
        " ".join(f"cognito-idp:{action}" for action in actions.split()),
        stack.shared("identity/pool-arn"),
    )
