"""An operator's own values of the environments, in a file that is not in git: accounts, domain, sizes.

`environments.toml` in the project's folder, or the file that `MQ_ENVIRONMENTS` names; empty: none.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

VARIABLE: Final = "MQ_ENVIRONMENTS"
USUAL: Final = Path(__file__).resolve().parent.parent / "environments.toml"


class ConfigError(ValueError):
    """A value that cannot be deployed."""


class OwnValueError(ConfigError):
    """A value in the file that is none; the message says which, and what it may be."""


def own_text() -> str:
    """Return the file's text; none where there is no file."""
    named = _named()
    try:
        return Path(named).read_text() if named else ""
    except OSError as error:
        raise OwnValueError(f"{named}: {error}") from None


def own_values() -> Mapping[str, Any]:
    """Return the file's tables by environment; none where there is no file."""
    try:
        return tomllib.loads(own_text())
    except tomllib.TOMLDecodeError as error:
        raise OwnValueError(f"{_named()}: {error}") from None


def own_file() -> Path | None:
    """Return the file, if there is one."""
    named = _named()
    return Path(named) if named else None


def _named() -> str:
    return os.environ.get(VARIABLE, str(USUAL) if USUAL.exists() else "")


def with_own(default: T, given: Mapping[str, Any], path: str) -> T:
    """Return a dataclass with other values; each keeps its type, and what is not given stays as it is.

    `path` names it in errors. Raises OwnValueError for unknown names and wrong types.
    """
    known = {one.name: (one.type, getattr(default, one.name)) for one in fields(default)}
    if unknown := sorted(given.keys() - known.keys()):
        raise OwnValueError(f"{path} has no {unknown[0]}: there are {', '.join(known)}")
    changes = {name: _own(*known[name], value, f"{path}.{name}") for name, value in given.items()}
    return replace(default, **changes)


def _own(kind: object, default: object, given: object, path: str) -> object:
    """Return one value of a kind, such as that of its default."""
    if is_dataclass(default) and not isinstance(default, type) and isinstance(given, Mapping):
        return with_own(default, given, path)
    if default is None and isinstance(given, Mapping):
        return _made(kind, given, path)
    if isinstance(default, tuple) and isinstance(given, list):
        return _own_list(default, given, path)
    if isinstance(default, Mapping) and isinstance(given, Mapping):
        return dict(given)
    wanted = float if kind is float else type(default)
    if type(given) is wanted or (wanted is float and type(given) is int):
        return given
    raise OwnValueError(f"{path} must be {_form(wanted)}, not {given!r}")


def _made(kind: object, given: Mapping[str, Any], path: str) -> object:
    """Return a dataclass that is None by default."""
    (made,) = [one for one in get_args(kind) if is_dataclass(one)]
    try:
        return made(**given)  # type: ignore[operator]  # `is_dataclass` tells mypy of instances too
    except TypeError as error:
        raise OwnValueError(f"{path}: {str(error).rpartition('() ')[2]}") from None


def _own_list(default: tuple[object, ...], given: list[object], path: str) -> tuple[object, ...]:
    """Return a list: of tables by their place, which change those there are, or of plain values."""
    if any(map(is_dataclass, default)):
        if len(given) > len(default):
            raise OwnValueError(f"{path} has {len(default)} at most")
        pairs = list(zip(default, given, strict=False))
    else:
        pairs = [(default[0], value) for value in given]
    return tuple(_own(type(one), one, value, f"{path}[{number}]") for number, (one, value) in enumerate(pairs))


def _form(kind: type) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list"}
    return words.get(kind, "a table")
