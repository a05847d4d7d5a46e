"""Loads every compiled library of a package, and uses each one's owner: `python compiled.py FOLDER`.

Run by Lambda's Python with nothing but the package, so it imports packages once they are found. Prints what it
loaded.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Load them; exit at the first that fails."""
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    for library in sorted(folder.rglob("*.so")):
        *packages, file = library.relative_to(folder).parts
        name = ".".join([*packages, file.partition(".")[0]])
        module = importlib.import_module(name)
        assert module.__file__ == str(library), f"{name} was loaded from {module.__file__}"
        WORK[name.partition(".")[0]]()
        print(library.relative_to(folder))


def hash_password() -> None:
    """Use argon2, and cffi below it."""
    from argon2 import PasswordHasher

    hasher = PasswordHasher(time_cost=1, memory_cost=64)
    assert hasher.verify(hasher.hash("secret"), "secret")


def sign() -> None:
    """Use cryptography, as for checks of tokens."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    token = jwt.encode({"sub": "ann"}, key, "RS256")
    assert jwt.decode(token, key.public_key(), ["RS256"]) == {"sub": "ann"}


def read_rows() -> None:
    """Use asyncpg, without a server."""
    import uuid

    from asyncpg.pgproto import pgproto

    text = "0198c0de-0000-7000-8000-000000000000"
    assert pgproto.UUID(text) == uuid.UUID(text)


def read_valkey() -> None:
    """Use hiredis."""
    from hiredis import Reader

    reader = Reader()
    reader.feed(b"*2\r\n:1\r\n$2\r\nab\r\n")
    assert reader.gets() == [1, b"ab"]


def read_http() -> None:
    """Use httptools."""
    from httptools import HttpResponseParser, parse_url

    class Answer:
        body = b""

        def on_body(self, body: bytes) -> None:
            self.body += body

    answer = Answer()
    HttpResponseParser(answer).feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert answer.body == b"ok"
    assert parse_url(b"https://example.org/a?b").path == b"/a"


def write_json() -> None:
    """Use orjson."""
    import orjson

    value = {"é": [1, 2.5, None, True]}
    assert orjson.loads(orjson.dumps(value)) == value


def switch() -> None:
    """Use greenlet."""
    from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

    there = greenlet(lambda: getcurrent().parent.switch(1))
    assert there.switch() == 1


def escape() -> None:
    """Use markupsafe."""
    from markupsafe import escape

    assert str(escape("<")) == "&lt;"


def build_sql() -> None:
    """Use SQLAlchemy."""
    from sqlalchemy import create_mock_engine, literal, select
    from sqlalchemy.util import immutabledict

    seen: list[str] = []
    create_mock_engine("postgresql+asyncpg://", lambda sql, *_: seen.append(str(sql))).execute(select(literal(1)))
    assert seen
    assert immutabledict({"a": 1}).union({"b": 2}) == {"a": 1, "b": 2}


WORK: dict[str, Callable[[], None]] = {
    "_argon2_cffi_bindings": hash_password,
    "_cffi_backend": hash_password,
    "asyncpg": read_rows,
    "cryptography": sign,
    "greenlet": switch,
    "hiredis": read_valkey,
    "httptools": read_http,
    "markupsafe": escape,
    "orjson": write_json,
    "sqlalchemy": build_sql,
}

if __name__ == "__main__":
    main()
