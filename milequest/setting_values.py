"""Parsers of settings: each function returns the value of a text, or raises ValueError with what is allowed.

The error never shows what may be secret. An address whose answers or messages must be trusted is `https`, or this
host's own.
"""

import base64
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from milequest.origins import origin, web_origin

CREDENTIALS_HOSTS = ("127.0.0.1", "localhost", "169.254.170.2", "169.254.170.23")  # as in AWS's own clients
SECRET_BYTES = 32
WIDEST_IPV4, WIDEST_IPV6 = 8, 16  # bits of the prefix: a larger network of proxies holds strangers
_PRIVATE_IPV6 = IPv6Network("fc00::/7")
_IPV4_IN_IPV6 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[\w-]+(:[\w$-]+)?", re.ASCII)
_PYTHON = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)
_ADDRESS = r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+"
_MAILBOX = re.compile(rf"(?a:{_ADDRESS})|(\"[^\"\\]*\"|[^\"\\<>@,;:]*) ?<(?a:{_ADDRESS})>")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

PREFIX: Final = "MILEQUEST_"
AWS_ROOTS: Final = Path(__file__).parent / "store" / "sql" / "aws_roots.pem"

Level: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
_Network: TypeAlias = IPv4Network | IPv6Network


def variable(key: str) -> str:
    """Return the name of a setting's variable."""
    return PREFIX + key.upper()


def text(given: str) -> str:
    """Return the text. Refuses white space around it and line breaks in it, which careless copying leaves."""
    if given != given.strip() or not given.isprintable():
        raise ValueError("must have no white space around it and no control characters in it")
    return given


def yes(given: str) -> bool:
    """Parse a consent: `yes`, or empty for none."""
    if given.lower() != "yes":
        raise ValueError(f"must be yes, or empty, not {given!r}")
    return True


def number(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range."""

    def parse(given: str) -> int:
        if not (given.isascii() and given.isdigit() and low <= int(given) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, not {given!r}")
        return int(given)

    return parse


def address(given: str) -> tuple[str, int]:
    """Parse an address to listen on, `host:port`; one of IPv6 is in brackets."""
    host, _, port = given.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65_535:
        raise ValueError(f"must be HOST:PORT, such as 127.0.0.1:9100, not {given!r}")
    return text(host).strip("[]"), int(port)


def one_of(*numbers: int) -> Callable[[str], int]:
    """Return a parser of a few numbers."""

    def parse(given: str) -> int:
        if given not in map(str, numbers):
            raise ValueError(f"must be one of {', '.join(map(str, numbers))}, not {given!r}")
        return int(given)

    return parse


def url(*schemes: str, example: str) -> Callable[[str], str]:
    """Return a parser of URLs with one of the schemes."""

    def parse(given: str) -> str:
        try:
            parts = urlsplit(given)
            valid = given.startswith(tuple(f"{scheme}://" for scheme in schemes)) and any(
                (parts.netloc, parts.path.strip("/"))
            )
            _ = parts.port  # raises if it is no number
        except ValueError:
            valid = False
        if not valid or any(letter.isspace() for letter in given):
            raise ValueError(f"must be a URL such as {example}")  # never shown: it may hold a password
        return given

    return parse


def database_url(given: str) -> str:
    """Parse the URL of a PostgreSQL. `sslrootcert=aws` in it stands for the roots of RDS and its proxies."""
    whole = url("postgresql", "postgres", example="postgresql://user:password@host:5432/database")(given)
    return re.sub(r"(?<=[?&])sslrootcert=aws(?=&|$)", f"sslrootcert={quote(str(AWS_ROOTS))}", whole)


def is_this_host(host: str) -> bool:
    """Return whether a host's name or address is this machine's own, which no other reaches."""
    try:
        return host.lower() == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def trusted_url(example: str) -> Callable[[str], str]:
    """Return a parser of addresses that we trust with data or answers: by TLS, or else on this host."""
    parse = url("https", "http", example=example)

    def checked(given: str) -> str:
        parts = urlsplit(parse(given))
        if parts.scheme != "https" and not is_this_host(parts.hostname or ""):
            raise ValueError("must be https://…, or http:// of this host: whoever is in between could answer")
        return given

    return checked


def smtp_url(given: str) -> str:
    """Parse a mail server's URL, with TLS unless named without; no password is sent in the clear to another host."""
    parts = urlsplit(url("smtp", "smtps", "smtp+insecure", example="smtp://user:password@host:587")(given))
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must have a host, and nothing after host and port")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("must have both a user and a password, or neither")
    if parts.scheme == "smtp+insecure" and parts.username and not is_this_host(parts.hostname):
        raise ValueError("must be smtp:// or smtps://, which have TLS, where it has a password")
    return given


def mailbox(given: str) -> str:
    """Parse one address in ASCII, which may have a name."""
    if not _MAILBOX.fullmatch(text(given)):
        raise ValueError(
            "must be one address, such as Mile Quest <hello@milequest.example>, its domain as the DNS has it"
        )
    return given


def secrets(given: str) -> tuple[bytes, ...]:
    """Parse random bytes in base64, separated by commas."""
    made = []
    for part in given.split(","):
        try:
            secret = base64.b64decode(part.strip(), validate=True)
        except ValueError:
            secret = b""
        if len(secret) < SECRET_BYTES or len(set(secret)) < SECRET_BYTES // 2:
            raise ValueError(f"must be {SECRET_BYTES} or more random bytes in base64, as of: openssl rand -base64 32")
        made.append(secret)
    return tuple(made)


def relative(given: str) -> str:
    """Parse a path on a known host."""
    if not given.startswith("/") or given.startswith("//"):
        raise ValueError("must be a path such as /v2/credentials/ID")
    return given


def credentials_url(given: str) -> str:
    """Parse the address of a role's credentials: by TLS, or else no farther away than this host."""
    parts = urlsplit(url("https", "http", example="https://issuer.example/keys.json")(given))
    if parts.scheme == "http" and parts.hostname not in CREDENTIALS_HOSTS:
        raise ValueError(f"must be https://…, or http:// of {', '.join(CREDENTIALS_HOSTS)}")
    return given


def names(given: str) -> tuple[str, ...]:
    """Parse names, separated by commas."""
    found = tuple(part.strip() for part in text(given).split(","))
    if not all(found):
        raise ValueError("must be one or more names, separated by commas")
    return found


def client(given: str) -> str:
    """Parse the origin of a web client: by TLS, or else on this host, since links to it hold secrets."""
    return trusted_url("https://milequest.example")(web_origin(given))


def links(given: str) -> tuple[str, ...]:
    """Parse addresses of web pages, separated by commas."""
    return tuple(url("https", example="https://apps.example/milequest")(one) for one in names(given))


def origins(given: str) -> tuple[str, ...]:
    """Parse origins, separated by commas."""
    return tuple(origin(part.strip()) for part in given.split(",") if part.strip())


def proxies(given: str) -> tuple[str, ...]:
    """Parse addresses and networks, separated by commas, together not so many that strangers are among them."""
    parts = tuple(part.strip() for part in given.split(",") if part.strip())
    networks: list[_Network] = []
    for part in parts:
        try:
            networks.append(ip_network(part))
        except ValueError:
            raise ValueError(f"must be addresses or networks such as 10.0.0.0/8, not {part!r}") from None
    for network in _merged(networks):
        if not _is_narrow(network):
            raise ValueError(
                f"must not trust networks as wide as {network}: anybody in it could say to be anybody else; at most "
                f"an IPv4 /{WIDEST_IPV4} or an IPv6 /{WIDEST_IPV6}"
            )
    return parts


def _merged(networks: list[_Network]) -> list[_Network]:
    """Return the networks, adjacent ones merged: two halves of the world are the world."""
    fourth = [network for network in networks if isinstance(network, IPv4Network)]
    sixth = [network for network in networks if isinstance(network, IPv6Network)]
    return [*collapse_addresses(fourth), *collapse_addresses(sixth)]


def _is_narrow(network: _Network) -> bool:
    if isinstance(network, IPv4Network):
        return network.prefixlen >= WIDEST_IPV4
    for mapped in _IPV4_IN_IPV6:
        if network.overlaps(mapped):
            return network.prefixlen >= mapped.prefixlen + WIDEST_IPV4
    return network.prefixlen >= WIDEST_IPV6 or network.subnet_of(_PRIVATE_IPV6)


def path(given: str) -> Path:
    """Return a folder or file, made absolute."""
    return Path(given).expanduser().resolve()


def function(given: str) -> str:
    """Parse a function of Lambda or of Python."""
    if not (_LAMBDA.fullmatch(given) or _PYTHON.fullmatch(given)):
        raise ValueError(f"must be an ARN of a Lambda function, or module:function, not {given!r}")
    return given


def region(given: str) -> str:
    """Parse the name of an AWS region, which becomes part of hosts' names."""
    if not _REGION.fullmatch(given):
        raise ValueError(f"must be a region such as us-east-1, not {given!r}")
    return given


def level(given: str) -> Level:
    """Parse a level of logging."""
    levels: tuple[Level, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")
    for one in levels:
        if given.upper() == one:
            return one
    raise ValueError(f"must be one of {', '.join(levels)}, not {given!r}")
