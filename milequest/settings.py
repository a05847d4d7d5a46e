"""The only reader of the environment: every `MILEQUEST_` variable and its like, typed, with its default and meaning."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "MILEQUEST_"
COMMON = (  # names that hosts give, which do for ours
    "PORT",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)

THIS_HOST = ("127.0.0.1", "localhost", "169.254.170.2", "169.254.170.23")  # as AWS's own clients have it

_ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", re.IGNORECASE)
_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[\w-]+(:[\w$-]+)?", re.ASCII)
_PYTHON = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)

T = TypeVar("T")
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class SettingsError(Exception):
    """One or more settings are wrong: `faults` has one line for each, without any value that may be secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the README's table of settings."""

    name: str
    default: str
    meaning: str


def _setting(default: T, parse: Callable[[str], T], meaning: str, *, secret: bool = False) -> T:
    """A variable: its default, how its text is read (ValueError says what is allowed), and its meaning."""
    return field(default=default, repr=not secret, metadata={"parse": parse, "meaning": meaning})


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _one_of(*numbers: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text not in map(str, numbers):
            raise ValueError(f"must be one of {', '.join(map(str, numbers))}, not {text!r}")
        return int(text)

    return parse


def _url(*schemes: str, example: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            valid = text.startswith(tuple(f"{scheme}://" for scheme in schemes)) and any(
                (parts.netloc, parts.path.strip("/"))
            )
            _ = parts.port  # raises if it is no number
        except ValueError:
            valid = False
        if not valid or any(letter.isspace() for letter in text):
            raise ValueError(f"must be a URL such as {example}")  # never shown: it may hold a password
        return text

    return parse


def _relative(text: str) -> str:
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError("must be a path such as /v2/credentials/ID")
    return text


def _of_this_host(text: str) -> str:
    """An address whose answers are secrets: by TLS, or else not farther away than this host."""
    url = _https(text)
    if url.startswith("http://") and urlsplit(url).hostname not in THIS_HOST:
        raise ValueError(f"must be https://…, or http:// of {', '.join(THIS_HOST)}")
    return url


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError(f"must be an origin such as https://milequest.example, not {text!r}")
    return text.rstrip("/").lower()


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(part.strip()) for part in text.split(",") if part.strip())


def _proxies(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        try:
            ip_network(part)
        except ValueError:
            raise ValueError(f"must be addresses or networks such as 10.0.0.0/8, not {part!r}") from None
    return parts


def _path(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _function(text: str) -> str:
    if not (_LAMBDA.fullmatch(text) or _PYTHON.fullmatch(text)):
        raise ValueError(f"must be an ARN of a Lambda function, or module:function, not {text!r}")
    return text


def _level(text: str) -> Level:
    levels: tuple[Level, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")
    for level in levels:
        if text.upper() == level:
            return level
    raise ValueError(f"must be one of {', '.join(levels)}, not {text!r}")


_postgres = _url("postgresql", "postgres", example="postgresql://user:password@host:5432/database")
_redis = _url("redis", "rediss", "redis+cluster", "rediss+cluster", "unix", example="redis://host:6379/0")
_https = _url("https", "http", example="https://issuer.example/keys.json")


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs. Made by `load`, or by hand in tests."""

    database_url: str = _setting("", _postgres, "PostgreSQL with PostGIS; empty: the embedded one")
    database_reader_url: str = _setting("", _postgres, "A read replica for queries; empty: the same as the writer")
    redis_url: str = _setting(
        "", _redis, "Valkey or Redis >= 7, a cluster as `rediss+cluster://…`; empty: the embedded one"
    )
    database_pool: int = _setting(10, _number(1, 100), "Connections each process keeps to each database, 1 to 100")
    host: str = _setting("127.0.0.1", str, "Address to listen on")
    port: int = _setting(8000, _number(0, 65535), "Port to listen on, 0 for any free one; `PORT` does the same")
    public_url: str = _setting("", _origin, "How clients reach the service; empty: `http://HOST:PORT`")
    allowed_origins: tuple[str, ...] = _setting(
        (), _origins, "Browser origins besides our own that may use HTTP and WebSocket, separated by commas"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), _proxies, "Addresses of proxies whose `X-Forwarded-For` says who calls, separated by commas; empty: none"
    )
    sockets_per_user: int = _setting(50, _number(1, 1_000_000), "WebSockets each process holds for one user")
    sockets_per_network: int = _setting(
        1_000, _number(1, 1_000_000), "WebSockets each process holds for one address (IPv6: one /64)"
    )
    data_dir: Path = _setting(PROJECT / ".milequest", _path, "Where the embedded servers keep their data")
    jwks_url: str = _setting("", _https, "Keys of an outside token issuer; empty: the built-in identity provider")
    jwt_issuer: str = _setting("", str, "The `iss` of its tokens; needed with `MILEQUEST_JWKS_URL`")
    jwt_client_id: str = _setting("", str, "Our client id in its tokens; needed with `MILEQUEST_JWKS_URL`")
    cognito_pool: str = _setting("", str, "The Cognito user pool in which we sign people up and in; empty: none")
    authorizer: str = _setting(
        "", _function, "Who decides about other tokens: ARN of a Lambda function, or `module:function`; empty: nobody"
    )
    places_from: int = _setting(500, _one_of(500, 1_000, 5_000, 15_000), "People in the smallest places that are found")
    aws_region: str = _setting("us-east-1", str, "The AWS region; `AWS_REGION` does the same")
    aws_endpoint_url: str = _setting("", _https, "A local AWS; empty: AWS itself; `AWS_ENDPOINT_URL` does the same")
    aws_access_key_id: str = _setting("", str, "Who we are to AWS; `AWS_ACCESS_KEY_ID` does the same")
    aws_secret_access_key: str = _setting("", str, "Its secret; `AWS_SECRET_ACCESS_KEY` does the same", secret=True)
    aws_session_token: str = _setting("", str, "A role's token; `AWS_SESSION_TOKEN` does the same", secret=True)
    aws_container_credentials_relative_uri: str = _setting(
        "", _relative, "Where a task of ECS is told its role's credentials; without `MILEQUEST_` it does the same"
    )
    aws_container_credentials_full_uri: str = _setting(
        "", _of_this_host, "The same for functions that begin with a snapshot; without `MILEQUEST_` it does the same"
    )
    aws_container_authorization_token: str = _setting(
        "", str, "What is brought there; without `MILEQUEST_` it does the same", secret=True
    )
    live_table: str = _setting("", str, "The DynamoDB table of the WebSockets that API Gateway holds")
    live_sockets_url: str = _setting("", _https, "Where API Gateway takes messages to them: `https://HOST/STAGE`")
    live_news_queue: str = _setting("", _https, "URL of the FIFO queue of what their listeners may hear")
    live_posts_queue: str = _setting("", _https, "URL of the FIFO queue of what they are sent")
    live_later_queue: str = _setting("", _https, "URL of the standard queue of what has to wait some seconds")
    live_kicks_queue: str = _setting("", _https, "URL of the standard queue that learns of every commit; empty: none")
    uploads_bucket: str = _setting(
        "", str, "The S3 bucket of pictures that people upload; empty: a folder of `MILEQUEST_DATA_DIR`"
    )
    event_bus: str = _setting("", str, "Name of the EventBridge bus that hears what the logs say; empty: none")
    lake_stream: str = _setting("", str, "Name of the Firehose stream to the data lake")
    lake_bucket: str = _setting("", str, "Name of its bucket, for how much was used each day")
    metered_api: str = _setting("", str, "Name of the REST API whose requests are counted there")
    metered_sockets: str = _setting("", str, "Id of the WebSocket API whose sockets are counted there")
    metrics_namespace: str = _setting(
        "", str, "CloudWatch's name for our metrics, which are then lines of the output; empty: none"
    )
    log_level: Level = _setting("INFO", _level, "DEBUG, INFO, WARNING or ERROR")
    embedded: bool = False  # whether both servers are our own; set by what starts them, not by the environment

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
        if key not in _PARSERS or name != _variable(key):
            faults.append(_unknown(name))
            continue
        try:
            values[key] = _PARSERS[key](text)
        except ValueError as fault:
            faults.append(f"{name} {fault}")
    faults += _needs(values, given)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


def describe() -> list[Row]:
    """Every variable with its default and meaning, in the order of the table."""
    rows = []
    for setting in fields(Settings):
        if setting.metadata:
            default = setting.default
            if isinstance(default, Path):
                default = default.relative_to(PROJECT)
            shown = "" if default in ("", ()) else str(default)
            rows.append(Row(_variable(setting.name), shown, setting.metadata["meaning"]))
    return rows


def _variable(key: str) -> str:
    return PREFIX + key.upper()


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), _PARSERS, n=1)
    return f"{name} is not a setting" + (f": did you mean {_variable(near[0])}?" if near else "")


def _needs(values: Mapping[str, object], given: Mapping[str, str]) -> list[str]:
    """Faults of settings that make no sense without another one."""
    keys = ("jwks_url", "jwt_issuer", "jwt_client_id")
    pairs = [(key, other) for key in keys for other in keys if key != other]
    pairs += [("database_reader_url", "database_url"), ("cognito_pool", "jwks_url")]
    missing = {other: key for key, other in pairs if _variable(key) in given and _variable(other) not in given}
    return [f"{_variable(key)} needs {_variable(other)} too" for other, key in missing.items()]
