"""DynamoDB's expressions, as far as the product uses them: conditions, updates, and conditions on keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Typed: TypeAlias = Mapping[str, Any]
"""A value with its type, as DynamoDB's JSON has it: `{"S": "text"}`."""

_TOKEN = re.compile(r"[#:]\w+|\w+|<=|>=|<>|[=<>(),+-]")
_SECTION = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
}


def plain(value: Typed) -> Any:
    """Return a value as Python has it."""
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    return frozenset(content) if kind == "SS" else content


@dataclass
class Expression:
    """Expressions of one request, on one item."""

    names: Mapping[str, str]
    values: Mapping[str, Typed]
    item: dict[str, Any]

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds; an empty one does."""
        tokens = Tokens(condition)
        return not condition or self._either(tokens)

    def update(self, expression: str) -> None:
        """Change the item. All reads are of the state before."""
        before, (_, *parts) = dict(self.item), _SECTION.split(expression)
        of_before = Expression(self.names, self.values, before)
        for section, text in zip(parts[::2], parts[1::2], strict=True):
            for clause in _clauses(text):
                self._change(section, clause, of_before)

    def _change(self, section: str, clause: str, before: "Expression") -> None:
        tokens = Tokens(clause)
        name = self.names[tokens.take()]
        match section:
            case "SET":
                tokens.expect("=")
                self.item[name] = before._assigned(tokens)
            case "REMOVE":
                self.item.pop(name, None)
            case "ADD":
                self.item[name] = _added(self.item.get(name), self.values[tokens.take()])
            case "DELETE":
                left = plain(self.item.get(name, {"SS": []})) - plain(self.values[tokens.take()])
                self.item.pop(name, None)
                if left:
                    self.item[name] = {"SS": sorted(left)}

    def _assigned(self, tokens: "Tokens") -> Typed:
        match tokens.take():
            case "if_not_exists":
                name, value = self._arguments(tokens)
                kept: Typed = self.item.get(self.names[name], self.values[value])
                return kept
            case "list_append":
                name, value = self._arguments(tokens)
                return {"L": [*self.item[self.names[name]]["L"], *self.values[value]["L"]]}
            case value:
                return self.values[value]

    def _arguments(self, tokens: "Tokens") -> tuple[str, str]:
        tokens.expect("(")
        first = tokens.take()
        tokens.expect(",")
        second = tokens.take()
        tokens.expect(")")
        return first, second

    def _either(self, tokens: "Tokens") -> bool:
        found = self._both(tokens)
        while tokens.skip("OR"):
            found = self._both(tokens) or found
        return found

    def _both(self, tokens: "Tokens") -> bool:
        found = self._one(tokens)
        while tokens.skip("AND"):
            found = self._one(tokens) and found
        return found

    def _one(self, tokens: "Tokens") -> bool:
        match tokens.take():
            case "attribute_exists" | "attribute_not_exists" as function:
                tokens.expect("(")
                is_there = self.names[tokens.take()] in self.item
                tokens.expect(")")
                return is_there == (function == "attribute_exists")
            case name:
                compared, value = _COMPARED[tokens.take()], self.values[tokens.take()]
                kept = self.item.get(self.names[name])
                return kept is not None and compared(plain(kept), plain(value))


class Tokens:
    """An expression, token by token."""

    def __init__(self, text: str) -> None:
        self._left = _TOKEN.findall(text)[::-1]

    def take(self) -> str:
        """Return the next one."""
        return str(self._left.pop())

    def skip(self, token: str) -> bool:
        """Skip the next one if it is that; return whether it was."""
        is_next = bool(self._left) and self._left[-1] == token
        if is_next:
            self._left.pop()
        return is_next

    def expect(self, token: str) -> None:
        """Skip the next one. Raises AssertionError where it is another."""
        assert self.skip(token), f"no {token} but {self._left[::-1]}"


def _clauses(text: str) -> Iterator[str]:
    """Yield the parts between commas, but for those in brackets."""
    clause, depth = "", 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            yield clause
            clause = ""
        else:
            clause += character
    yield clause


def _added(kept: Typed | None, value: Typed) -> Typed:
    """Return the sum of two numbers, or the union of two sets."""
    if "N" in value:
        return {"N": str((plain(kept) if kept else 0) + plain(value))}
    return {"SS": sorted((plain(kept) if kept else frozenset()) | plain(value))}
