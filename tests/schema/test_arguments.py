"""Arguments as resolvers get them: with Python's names, absent where they were absent, ids decoded."""

from typing import Annotated, Any
from uuid import UUID

import pytest
import strawberry

from schema.directives import ALL_CALLERS
from schema.fields import arg, attribute, field, optional
from tests.schema.small import run, runner_of

TEAM = UUID("0192f1c2-7b1e-7c3a-9d7e-3f2a6c1b4d5e")
TEAM_ID = "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"
GOAL_ID = "goal_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"

Text = Annotated[str | None, arg("x")]


@strawberry.input(description="x")
class PlaceInput:
    goal_id: strawberry.ID | None = optional("x")
    note_text: str | None = optional("x")


@strawberry.input(description="x")
class PlacesInput:
    team_id: strawberry.ID = attribute("x")
    first_place: PlaceInput | None = optional("x")
    other_places: list[PlaceInput | None] | None = optional("x")


@strawberry.type(description="x")
class Query:
    @field(lambda ctx: repr(dict(ctx.args)), *ALL_CALLERS)
    def given(
        self,
        team_id: Annotated[strawberry.ID | None, arg("x")] = strawberry.UNSET,
        input: Annotated[PlacesInput | None, arg("x")] = strawberry.UNSET,
        some_text: Text = "default",
        absent_text: Text = strawberry.UNSET,
    ) -> str | None:
        """x"""


runner = runner_of(Query)


async def given(arguments: str, **variables: Any) -> Any:
    """Return the resolver's arguments of `given`, or the first error's extensions."""
    names = "".join(f"${name}: {'PlacesInput' if name == 'input' else 'ID'} " for name in variables)
    result = await run(runner, f"query {f'({names})' if names else ''} {{ given{arguments} }}", variables)
    if result.errors:
        return result.errors[0].extensions
    assert result.data is not None
    return eval(result.data["given"], {"UUID": UUID})


async def test_arguments_have_pythons_names_and_are_absent_where_they_were() -> None:
    assert await given("") == {"some_text": "default"}
    assert await given("(someText: null, absentText: null)") == {"some_text": None, "absent_text": None}


async def test_ids_are_decoded_however_deep() -> None:
    expected = {
        "team_id": TEAM,
        "first_place": {"goal_id": TEAM, "note_text": "here"},
        "other_places": [{"goal_id": None}, None, {"goal_id": TEAM}],
    }
    literal = (
        f'(input: {{teamId: "{TEAM_ID}", firstPlace: {{goalId: "{GOAL_ID}", noteText: "here"}}, '
        f'otherPlaces: [{{goalId: null}}, null, {{goalId: "{GOAL_ID}"}}]}})'
    )
    assert (await given(literal))["input"] == expected
    variable = {
        "teamId": TEAM_ID,
        "firstPlace": {"goalId": GOAL_ID, "noteText": "here"},
        "otherPlaces": [{"goalId": None}, None, {"goalId": GOAL_ID}],
    }
    assert (await given("(input: $input)", input=variable))["input"] == expected


async def test_variable_used_by_several_fields_gives_each_the_same_value() -> None:
    both = "given(input: $input, teamId: $id)"
    query = f"query ($input: PlacesInput, $id: ID) {{ a: {both} b: {both} }}"
    result = await run(runner, query, {"input": {"teamId": TEAM_ID}, "id": TEAM_ID})
    assert result.errors is None
    assert result.data is not None
    assert result.data["a"] == result.data["b"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (f'(teamId: "{GOAL_ID}")', "teamId"),
        ('(teamId: "team_1")', "teamId"),
        (f'(teamId: "{TEAM_ID.upper()}")', "teamId"),
        (f'(teamId: "{TEAM_ID} ")', "teamId"),
        ('(teamId: "")', "teamId"),
        ("(teamId: 5)", "teamId"),
        (f'(input: {{teamId: "{GOAL_ID}"}})', "input.teamId"),
        (f'(input: {{teamId: "{TEAM_ID}", firstPlace: {{goalId: "x"}}}})', "input.firstPlace.goalId"),
        (f'(input: {{teamId: "{TEAM_ID}", otherPlaces: [{{}}, {{goalId: "x"}}]}})', "input.otherPlaces[1].goalId"),
    ],
)
async def test_id_of_a_different_type_or_form_is_refused_with_its_path(arguments: str, path: str) -> None:
    extensions = await given(arguments)
    assert extensions["code"] == "VALIDATION_ERROR"
    assert [(fault["path"], fault["code"]) for fault in extensions["fields"]] == [(path, "MALFORMED")]
