"""The only reader of the environment: every `MILEQUEST_` variable and its like, typed, with its default and meaning."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from milequest import setting_checks
from milequest import setting_values as read
from milequest.origins import web_origin
from milequest.setting_values import PREFIX, Level

PROJECT = Path(__file__).resolve().parent.parent
COMMON = (  # names that hosts set, accepted in place of ours
    "PORT",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)

POINTS = 10_000, 3_600_000_000  # an hour: the largest answer at once, and in effect no limit

T = TypeVar("T")


class SettingsError(Exception):
    """One or more settings are wrong: `faults` has one line for each, without any value that may be secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of settings."""

    name: str
    default: str
    meaning: str


def _setting(default: T, parse: Callable[[str], T], meaning: str, *, secret: bool = False) -> T:
    """Return the field of a variable: its default, its parser (ValueError says what is allowed), and its meaning."""
    return field(default=default, repr=not secret, metadata={"parse": parse, "meaning": meaning})


_redis = read.url("redis", "rediss", "redis+cluster", "rediss+cluster", "unix", example="redis://host:6379/0")
_collector = read.url("https", "http", example="http://127.0.0.1:4318")
_https = read.trusted_url("https://issuer.example/keys.json")
_POINTS = "{:,} to {:,}".format(*POINTS)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of this process. Made by `load`, or by hand in tests."""

    database_url: str = _setting(
        "",
        read.database_url,
        "URL of the writer, PostgreSQL with PostGIS; `sslrootcert=aws` in it: Amazon's roots; empty: an embedded one",
    )
    database_reader_url: str = _setting("", read.database_url, "URL of a read replica for queries; empty: the writer")
    redis_url: str = _setting(
        "", _redis, "URL of Valkey or Redis >= 7, `rediss+cluster://…` for a cluster; empty: an embedded one"
    )
    database_pool: int = _setting(
        10, read.number(1, 100), "Size of the pool of connections to each database, per process: 1 to 100"
    )
    host: str = _setting("127.0.0.1", read.text, "Address to listen on; `0.0.0.0` or `::` for all of the machine's")
    port: int = _setting(8000, read.number(0, 65535), "Port to listen on: 0 to 65535, 0 for any free one; or `PORT`")
    public_url: str = _setting(
        "", web_origin, "Origin at which clients reach the service; empty: `http://HOST:PORT` of the two settings above"
    )
    client_url: str = _setting(
        "", read.client, "Origin of the web client, where links of invites lead; empty: pages of the service itself"
    )
    app_links: tuple[str, ...] = _setting(
        (), read.links, "Addresses of the apps in stores, `https://…` by commas, for the page of an invite; empty: none"
    )
    allowed_origins: tuple[str, ...] = _setting(
        (),
        read.origins,
        "Allowed cross-origin callers, by HTTP and WebSocket: origins, separated by commas; empty: our own alone",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        read.proxies,
        "Trusted proxies, whose `X-Forwarded-For` is believed: addresses or networks, separated by commas; empty: none",
    )
    demo_on_network: bool = _setting(
        False,
        read.yes,
        "`yes`: other machines may reach the embedded servers' demo, without TLS too; empty: they may not",
    )
    sockets_per_user: int = _setting(
        50, read.number(1, 1_000_000), "Maximum of WebSockets per user and process: 1 to 1,000,000"
    )
    sockets_per_network: int = _setting(
        1_000,
        read.number(1, 1_000_000),
        "Maximum of HTTP connections, WebSockets and event streams, each, per client address (IPv6: /64) and process: "
        "1 to 1,000,000",
    )
    budget_per_network: int = _setting(
        180_000, read.number(*POINTS), f"Budget of anonymous callers, in points an hour per client address: {_POINTS}"
    )
    budget_per_user: int = _setting(
        360_000, read.number(*POINTS), f"Budget of a signed-in user, in points an hour: {_POINTS}"
    )
    budget_per_machine: int = _setting(
        360_000, read.number(*POINTS), f"Budget of a machine, in points an hour: {_POINTS}"
    )
    data_dir: Path = _setting(
        PROJECT / ".milequest", read.path, "Folder of the embedded servers' data, local uploads and the index of places"
    )
    jwks_url: str = _setting(
        "", _https, "URL of an external token issuer's public keys (JWKS); empty: the built-in identity provider"
    )
    jwt_issuer: str = _setting("", read.text, "Issuer of its tokens, their `iss`; needed with `MILEQUEST_JWKS_URL`")
    jwt_client_id: tuple[str, ...] = _setting(
        (),
        read.names,
        "Client ids in its tokens, by commas; Cognito's first signs in; needed with `MILEQUEST_JWKS_URL`",
    )
    cognito_pool: str = _setting("", read.text, "Id of the Cognito user pool for sign-up and sign-in; empty: none")
    key_secret: tuple[bytes, ...] = _setting(
        (),
        read.secrets,
        "Secret that encrypts the built-in provider's keys, of `openssl rand -base64 32`; previous ones after commas",
        secret=True,
    )
    smtp_url: str = _setting(
        "",
        read.smtp_url,
        "URL to send mail by: `smtp://user:password@host` (STARTTLS), `smtps://…` (TLS), `smtp+insecure://…` (neither)",
        secret=True,
    )
    ses_configuration_set: str = _setting(
        "", read.text, "Name of the configuration set to send mail by Amazon SES, in place of SMTP; empty: no SES"
    )
    mail_from: str = _setting(
        "", read.mailbox, "Sender of all mail, such as `Mile Quest <hello@milequest.example>`; needed with SMTP or SES"
    )
    authorizer: str = _setting(
        "",
        read.function,
        "Custom authorizer of other tokens: ARN of a Lambda function, or `module:function` in Python; empty: none",
    )
    places_from: int = _setting(
        500,
        read.one_of(500, 1_000, 5_000, 15_000),
        "Minimum population of the towns that place search finds: 500, 1,000, 5,000 or 15,000",
    )
    aws_region: str = _setting("us-east-1", read.region, "AWS region; or `AWS_REGION`")
    aws_endpoint_url: str = _setting(
        "", _https, "URL of an AWS emulator, for all services; empty: AWS itself; or `AWS_ENDPOINT_URL`"
    )
    aws_access_key_id: str = _setting("", read.text, "AWS access key id; or `AWS_ACCESS_KEY_ID`")
    aws_secret_access_key: str = _setting(
        "", read.text, "AWS secret access key; or `AWS_SECRET_ACCESS_KEY`", secret=True
    )
    aws_session_token: str = _setting(
        "", read.text, "Session token of temporary AWS credentials; or `AWS_SESSION_TOKEN`", secret=True
    )
    aws_container_credentials_relative_uri: str = _setting(
        "",
        read.relative,
        "Path of an ECS task's credentials; or the name without `MILEQUEST_`, as ECS sets it",
    )
    aws_container_credentials_full_uri: str = _setting(
        "",
        read.credentials_url,
        "URL of a SnapStart function's credentials; or the name without `MILEQUEST_`, as Lambda sets it",
    )
    aws_container_authorization_token: str = _setting(
        "",
        read.text,
        "Authorization for that URL; or the name without `MILEQUEST_`, as Lambda sets it",
        secret=True,
    )
    live_table: str = _setting("", read.text, "Name of the DynamoDB table of API Gateway's WebSocket connections")
    live_sockets_url: str = _setting("", _https, "URL of API Gateway's @connections API: `https://HOST/STAGE`")
    live_news_queue: str = _setting("", _https, "URL of the SQS FIFO queue of messages to groups of subscribers")
    live_posts_queue: str = _setting("", _https, "URL of the SQS FIFO queue of outbound messages to clients")
    live_later_queue: str = _setting("", _https, "URL of the SQS standard queue of messages delayed for some seconds")
    live_kicks_queue: str = _setting("", _https, "URL of the SQS standard queue of commit notifications; empty: none")
    uploads_bucket: str = _setting(
        "", read.text, "Name of the S3 bucket of uploaded pictures; empty: a folder in `MILEQUEST_DATA_DIR`"
    )
    edge_secret: str = _setting(
        "", read.text, "Name of the AWS secret that an edge has to send as `x-origin-secret`; empty: none is needed"
    )
    event_bus: str = _setting("", read.text, "Name of the EventBridge bus to publish events to; empty: none")
    lake_stream: str = _setting("", read.text, "Name of the Firehose delivery stream to the data lake")
    lake_bucket: str = _setting("", read.text, "Name of the data lake's S3 bucket, for the daily usage report")
    metered_api: str = _setting("", read.text, "Name of the REST API in the daily usage report")
    metered_sockets: str = _setting("", read.text, "Id of the WebSocket API in the daily usage report")
    rehearsed: str = _setting("", read.text, "ARNs of the versions that a release is tried with, separated by commas")
    probe_email: str = _setting("", read.text, "Address of the operator's own client, whose walks are not counted")
    probe_password: str = _setting("", read.text, "Password of this user, for `bin/milequest probe`", secret=True)
    probe_secret: str = _setting("", read.text, "Name of the AWS secret with its password")
    probe_url: str = _setting("", read.text, "Public address at which it tries whether people are served")
    probe_pool: str = _setting("", read.text, "Id of the user pool in which it makes its user")
    probe_sockets: tuple[str, ...] = _setting(
        (), read.names, "Addresses of WebSockets at which it listens, separated by commas"
    )
    metrics_namespace: str = _setting(
        "", read.text, "CloudWatch namespace of metrics, written to the output in embedded metric format; empty: none"
    )
    metrics_address: tuple[str, int] | None = _setting(
        None, read.address, "Separate address, `HOST:PORT`, to serve `/metrics` for Prometheus on; empty: none"
    )
    otel_exporter_otlp_endpoint: str = _setting(
        "", _collector, "URL of the OTLP collector of traces and metrics; empty: none; or `OTEL_EXPORTER_OTLP_ENDPOINT`"
    )
    otel_signed: bool = _setting(
        False, read.yes, "`yes` where that is AWS's endpoint of traces: requests are signed, and metrics not sent"
    )
    log_level: Level = _setting("INFO", read.level, "Least severe level to log: DEBUG, INFO, WARNING or ERROR")
    embedded: bool = False  # both servers are our own; set by the code that starts them, not by the environment

    @property
    def origin(self) -> str:
        """Our own origin, always allowed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


_PARSERS: dict[str, Callable[[str], object]] = {
    setting.name: setting.metadata["parse"] for setting in fields(Settings) if setting.metadata
}


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ`; an empty variable counts as absent. SettingsError with every fault found."""
    given = {name: text for name, text in environ.items() if name.startswith(PREFIX) and text}
    for name in COMMON:
        if environ.get(name):
            given.setdefault(f"{PREFIX}{name}", environ[name])
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, text in sorted(given.items()):
        key = name.removeprefix(PREFIX).lower()
        if key not in _PARSERS or name != read.variable(key):
            faults.append(_unknown(name))
            continue
        try:
            values[key] = _PARSERS[key](text)
        except ValueError as fault:
            faults.append(f"{name} {fault}")
    settings = Settings(**values)
    faults += setting_checks.missing(given) + setting_checks.admitting(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def describe() -> list[Row]:
    """Return every variable with its default and meaning, in the order of the table."""
    rows = []
    for setting in fields(Settings):
        if setting.metadata:
            default = setting.default
            if isinstance(default, Path):
                default = default.relative_to(PROJECT)
            shown = "" if default in ("", (), False, None) else str(default)
            rows.append(Row(read.variable(setting.name), shown, setting.metadata["meaning"]))
    return rows


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), _PARSERS, n=1)
    return f"{name} is not a setting" + (f": did you mean {read.variable(near[0])}?" if near else "")
