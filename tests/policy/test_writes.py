"""Every mutation, as every kind of viewer, of a public, a private and a deleted team: as the table says.

A refused one has changed nothing, and its answer for a hidden team is that for one which never existed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from graphql import get_named_type

from milequest.rules.access import AccessLevel
from milequest.rules.identity import Identity, IdentityKind
from tests.policy.asking import HOW_TO, REFUSED, SCHEMA, Shown, document, everything, variables_of
from tests.policy.attempts import MUTATIONS, Attempt, Own
from tests.policy.world import TeamOf, World, build_world
from tests.quest import Caller, Quest

AT_ONCE = 25  # mutations in one document
OK = "OK"


@dataclass(frozen=True, slots=True)
class Cell:
    """One attempt of one viewer on one team, and its expected outcome."""

    team: TeamOf
    who: str
    caller: Caller
    name: str
    attempt: Attempt

    @property
    def expected(self) -> str:
        """The code it is answered with, or OK."""
        if self.caller.identity.kind is not IdentityKind.USER:
            return REFUSED[self.caller.identity.kind]
        if self.team.kind == "deleted":
            return self.attempt.gone
        level = self.team.access_level(self.who)
        if level is AccessLevel.STRANGER and self.team.kind == "private":
            return self.attempt.hidden
        return {AccessLevel.STRANGER: self.attempt.stranger, AccessLevel.MEMBER: self.attempt.member}.get(
            level, self.attempt.admin
        )


def cells(world: World) -> Iterator[Cell]:
    """Yield all of them."""
    for team, who, caller in world.cells():
        for name, attempts in MUTATIONS.items():
            for attempt in attempts:
                if isinstance(attempt, Attempt):
                    yield Cell(team, who, caller, name, attempt)


def test_every_mutation_has_a_row() -> None:
    assert SCHEMA.mutation_type is not None
    assert set(SCHEMA.mutation_type.fields) == set(MUTATIONS), HOW_TO


async def test_every_viewer_may_do_what_the_table_says_and_nothing_else(quest: Quest) -> None:
    world = await build_world(quest)
    before, faults, permitted = await quest.state(), [], []
    of_viewer: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells(world):
        if cell.expected == OK:
            permitted.append(cell)
        else:
            of_viewer.setdefault((cell.team.kind, cell.who), []).append(cell)
    for (kind, who), refused in of_viewer.items():
        faults += [f"{kind}, {who}: {what}" for what in await _refusals(refused)]
        if await quest.state() != before:
            faults.append(f"{kind}, {who}: something has changed")
            before = await quest.state()
    for cell in permitted:
        faults += [f"{cell.team.kind}, {cell.who}: {what}" for what in await _permitted(cell)]
    assert not faults, "\n".join(faults)


async def _refusals(refused: list[Cell]) -> list[str]:
    """Return the faults of one viewer's refusals for one team."""
    faults = []
    team, caller = refused[0].team, refused[0].caller
    missing = {what: f"{id.partition('_')[0]}_{UUID(int=7).hex}" if "_" in id else id for what, id in team.ids.items()}
    for start in range(0, len(refused), AT_ONCE):
        some = refused[start : start + AT_ONCE]
        given, nothing = await _errors(caller, some, team.ids), await _errors(caller, some, missing)
        for n, cell in enumerate(some):
            code = given[n]["extensions"]["code"] if n in given else OK
            if code != cell.expected:
                faults.append(f"{cell.name}({cell.attempt.input}): {code} instead of {cell.expected}")
            elif code == "NOT_FOUND" and given[n] != nothing[n]:
                faults.append(f"{cell.name}: {given[n]} is told of what is hidden, {nothing[n]} of what is missing")
    return faults


async def _errors(caller: Caller, some: list[Cell], ids: dict[str, str]) -> dict[int, dict[str, Any]]:
    """Run attempts in one document; return the error of each refused one, without parts that differ each time."""
    roots = " ".join(
        f"m{n}: {cell.name}(input: {{ {cell.attempt.input} }}) {{ __typename }}" for n, cell in enumerate(some)
    )
    text = document(roots, operation="mutation")
    result = await caller.result(text, variables_of(text, ids))
    found: dict[int, dict[str, Any]] = {}
    for error in result.errors or ():
        said = {name: value for name, value in (error.extensions or {}).items() if name != "requestId"}
        found[int(str(error.path[0])[1:]) if error.path else 0] = {"message": error.message, "extensions": said}
    return found


async def _permitted(cell: Cell) -> list[str]:
    """Return the faults of a permitted attempt: it succeeds, and its answer contains nothing that is hidden."""
    assert SCHEMA.mutation_type is not None
    inner = everything(get_named_type(SCHEMA.mutation_type.fields[cell.name].type))
    text = document(f"{cell.name}(input: {{ {cell.attempt.input} }}) {{ {inner} }}", operation="mutation")
    result = await cell.caller.result(text, variables_of(text, cell.team.ids))
    if result.errors:
        return [f"{cell.name}({cell.attempt.input}): {result.errors[0]} instead of OK"]
    has_left = cell.name == "leaveTeam"
    payload = {name: value for name, value in (result.data or {})[cell.name].items() if name != "deletedMemberId"}
    shown = Shown(cell.team, "stranger" if has_left else cell.who)
    shown.search(orjson.dumps(payload).decode())
    return [f"{cell.name}: {what}" for what in shown.faults]


async def test_mutation_of_no_team_is_open_to_callers_of_the_table_alone(quest: Quest) -> None:
    machine = Caller(quest.runtime, Identity(IdentityKind.LAMBDA))
    for caller in (quest.anonymous, machine, await quest.user("Somebody")):
        for name, attempts in MUTATIONS.items():
            for attempt in attempts:
                if isinstance(attempt, Own):
                    text = f"mutation {{ {name}(input: {{ {attempt.input} }}) {{ __typename }} }}"
                    result, kind = await caller.result(text, {}), caller.identity.kind
                    code = (result.errors[0].extensions or {})["code"] if result.errors else OK
                    if kind in attempt.who:
                        assert code not in ("FORBIDDEN", "INTERNAL"), (kind, name)
                    else:
                        assert code == REFUSED[kind], (kind, name)
