"""Any object by its id: in the order requested, and null where it is missing or hidden."""

from typing import Any
from uuid import UUID

from tests.quest import Caller, Quest

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def _world(quest: Quest) -> tuple[Caller, dict[str, str]]:
    """Return an admin and one id of each of these types."""
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    text = """mutation ($t: ID!) { createInvite(input: {teamId: $t}) { inviteEdge { node { id team {
      members { nodes { id } } } } } } }"""
    invite = (await ann.run(text, t=team))["createInvite"]["inviteEdge"]["node"]
    return ann, {
        "Team": team,
        "TeamMember": invite["team"]["members"]["nodes"][0]["id"],
        "Invite": invite["id"],
        "User": f"user_{ann.user_id.hex}",
        "Viewer": f"viewer_{ann.user_id.hex}",
    }


async def test_each_type_is_found_by_its_id(quest: Quest) -> None:
    ann, ids = await _world(quest)
    for kind, node_id in ids.items():
        assert (await ann.run(NODE, id=node_id))["node"] == {"__typename": kind, "id": node_id}
    wanted = [*ids.values(), ids["Team"]]
    answered = (await ann.run(NODES, ids=wanted))["nodes"]
    assert [node["id"] for node in answered] == wanted


async def test_hidden_node_is_null_like_a_missing_one(quest: Quest) -> None:
    ann, ids = await _world(quest)
    missing = [f"{node_id.partition('_')[0]}_{UUID(int=7).hex}" for node_id in ids.values()]
    mixed = [*ids.values(), *missing]
    for caller in (await quest.user("Eve"), quest.anonymous):
        assert (await caller.run(NODES, ids=mixed))["nodes"] == [None] * len(mixed)
        for node_id in mixed:
            assert (await caller.run(NODE, id=node_id))["node"] is None
    answered = (await ann.run(NODES, ids=[*missing, *ids.values()]))["nodes"]
    assert [node and node["id"] for node in answered] == [None] * len(missing) + list(ids.values())


async def test_malformed_node_id_is_refused_with_its_path(quest: Quest) -> None:
    good = "team_" + "0" * 32
    wrong: list[tuple[list[str], str]] = [
        (["nonsense"], "ids[0]"),
        (["team_xyz"], "ids[0]"),
        ([good, "tribe_" + "0" * 32], "ids[1]"),
        (["team_" + "0" * 31 + "A"], "ids[0]"),
        ([good + "\n"], "ids[0]"),
        ([""], "ids[0]"),
        ([good] * 101, "ids"),
    ]
    for ids, path in wrong:
        refused = await quest.anonymous.refused(NODES, ids=ids)
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", path)


async def test_no_ids_are_no_nodes(quest: Quest) -> None:
    assert await quest.anonymous.run(NODES, ids=[]) == {"nodes": []}


async def test_an_id_of_another_type_is_refused(quest: Quest) -> None:
    ann, ids = await _world(quest)
    text = "query ($id: ID!) { team(id: $id) { id } }"
    for kind in ("User", "Viewer", "TeamMember"):
        refused: dict[str, Any] = await ann.refused(text, id=ids[kind])
        assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "id")
