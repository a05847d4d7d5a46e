"""Search of public teams by name, page by page."""

from datetime import timedelta
from typing import Any

from tests.quest import Caller, Quest

SEARCH = """query ($query: String!, $first: Int, $after: String) {
  searchTeams(query: $query, first: $first, after: $after) {
  nodes { name } edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
WRONG_SEARCHES: list[tuple[dict[str, Any], str]] = [
    ({"query": " "}, "query"),
    ({"query": "q" * 101}, "query"),
    ({"query": "a\0b"}, "query"),
    ({"query": "walk", "first": 0}, "first"),
    ({"query": "walk", "first": -1}, "first"),
    ({"query": "walk", "first": 51}, "first"),
    ({"query": "walk", "after": "nonsense"}, "after"),
    ({"query": "walk", "after": "é"}, "after"),
]


async def test_search_finds_public_teams_by_words_and_likeness(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for name in ("Walkers of Rome", "Walkers", "Night Walkers", "Runners", "100% Café_Club"):
        await ann.found(name, isPublic=True)
    await ann.found("Secret Walkers")
    for caller in (quest.anonymous, ann):
        assert await _found(caller, "walkers") == ["Walkers", "Night Walkers", "Walkers of Rome"]
    assert set(await _found(ann, "wal")) == {"Walkers", "Night Walkers", "Walkers of Rome"}
    assert set(await _found(ann, "walkrs")) >= {"Walkers"}
    assert await _found(ann, "r") == ["Runners", "Walkers of Rome"]
    assert await _found(ann, "CAFÉ_") == ["100% Café_Club"]
    assert await _found(ann, "100%") == ["100% Café_Club"]
    assert await _found(ann, "%") == []
    assert await _found(ann, "_") == []
    assert await _found(ann, "\\") == []
    assert await _found(ann, "zebra") == []


async def _found(caller: Caller, query: str) -> list[str]:
    page = (await caller.run(SEARCH, query=query))["searchTeams"]
    return [team["name"] for team in page["nodes"]]


async def test_pages_of_a_search_neither_skip_nor_repeat(quest: Quest) -> None:
    ann = await quest.user("Ann")
    names = [f"Walkers {letter}{letter}" for letter in "hgfedcba"] + ["walkers"]
    for name in names:
        await ann.found(name, isPublic=True)
        ann.now += timedelta(hours=3)
    seen: list[str] = []
    after = None
    for expected in (2, 2, 2, 2, 1):
        page = (await quest.anonymous.run(SEARCH, query="walkers", first=2, after=after))["searchTeams"]
        assert len(page["nodes"]) == expected
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["hasNextPage"] == (len(seen) + expected < len(names))
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        seen += [team["name"] for team in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == ["walkers", *sorted(names[:-1])]


async def test_invalid_search_arguments_are_refused_by_field(quest: Quest) -> None:
    for given, path in WRONG_SEARCHES:
        refused = await quest.anonymous.refused(SEARCH, **given)
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)
