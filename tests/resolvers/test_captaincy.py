"""Transfer of a team's captaincy."""

from typing import Any

from tests.journeys import Crew, crew
from tests.quest import Quest

TRANSFER = """mutation ($input: TransferCaptaincyInput!) { transferCaptaincy(input: $input) {
  member { role user { name } } former { role user { name } } } }"""
MEMBERS = "query ($id: ID!) { team(id: $id) { viewerRole members { nodes { id role user { name } } } } }"


async def test_captaincy_is_transferred_in_one_step(quest: Quest) -> None:
    team = await crew(quest)
    before = len(await team.events())
    given = {"memberId": await _id(team, "Ben"), "idempotencyKey": "to my Ben"}
    done = (await team.admin.run(TRANSFER, input=given))["transferCaptaincy"]
    assert done == {
        "member": {"role": "ADMIN", "user": {"name": "Ben"}},
        "former": {"role": "MEMBER", "user": {"name": "Ann"}},
    }
    assert [kind for kind, _ in (await team.events())[before:]] == ["MEMBER_CHANGED", "MEMBER_CHANGED"]
    assert (await team.admin.run(TRANSFER, input=given))["transferCaptaincy"] == done
    back = {"memberId": await _id(team, "Ann")}
    assert (await quest.refusal(team.admin, TRANSFER, input=back))["code"] == "FORBIDDEN"
    await team.member.run(TRANSFER, input=back)
    assert (await team.admin.run(MEMBERS, id=team.team))["team"]["viewerRole"] == "ADMIN"


async def test_captain_who_does_not_step_down_stays_one_beside_the_other(quest: Quest) -> None:
    team = await crew(quest)
    given = {"memberId": await _id(team, "Ben"), "stepDown": False}
    before = len(await team.events())
    for _ in range(2):
        done = (await team.admin.run(TRANSFER, input=given))["transferCaptaincy"]
        assert [done[who]["role"] for who in ("member", "former")] == ["ADMIN", "ADMIN"]
    assert [kind for kind, _ in (await team.events())[before:]] == ["MEMBER_CHANGED"]


async def test_captaincy_is_not_transferred_to_oneself_or_by_others(quest: Quest) -> None:
    team = await crew(quest)
    for caller, whom, code in (
        (team.admin, "Ann", "FORBIDDEN"),
        (team.member, "Ben", "FORBIDDEN"),
        (team.stranger, "Ben", "NOT_FOUND"),
    ):
        given: dict[str, Any] = {"memberId": await _id(team, whom)}
        assert (await quest.refusal(caller, TRANSFER, input=given))["code"] == code


async def _id(team: Crew, name: str) -> str:
    """Return the id of a member's membership."""
    nodes = (await team.admin.run(MEMBERS, id=team.team))["team"]["members"]["nodes"]
    return next(str(one["id"]) for one in nodes if one["user"]["name"] == name)
