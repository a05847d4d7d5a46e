"""The subscription to requests to join: each one as it comes and goes, for admins as long as they are admins."""

from tests.documents import EVENT_HEAD as HEAD
from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import ASK, ROLE, UPDATE_TEAM, Team

QUEUE = f"""subscription ($team: ID!, $after: String) {{ teamJoinRequestChanged(teamId: $team, after: $after) {{
    {HEAD} change removedId edge {{ cursor node {{ id requestState message user {{ name }} }} }}
    snapshot {{ joinRequests {{ nodes {{ id }} }} }} }} }}"""
WITHDRAW = "mutation ($input: WithdrawJoinRequestInput!) { withdrawJoinRequest(input: $input) { joinRequest { id } } }"
APPROVE = "mutation ($input: ApproveJoinRequestInput!) { approveJoinRequest(input: $input) { joinRequest { id } } }"


async def test_requests_come_and_go_live_and_are_replayed(connected: Dial, public_team: Team) -> None:
    team = public_team
    await team.do(team.ann, UPDATE_TEAM, teamId=team.id, joinPolicy="REQUEST")
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(QUEUE, team=team.id)
        first = await stream.next()
        assert (first["delivery"], first["snapshot"]) == ("SNAPSHOT", {"joinRequests": {"nodes": []}})
        asked = (await team.do(team.eve, ASK, teamId=team.id, message="Please"))["joinRequest"]["id"]
        added = await stream.next()
        assert (added["change"], added["edge"]["node"]["id"]) == ("ADDED", asked)
        assert added["edge"]["node"]["message"] == "Please"
        assert added["edge"]["node"]["user"]["name"].startswith("eve-")
        await team.do(team.eve, WITHDRAW, requestId=asked)
        gone = await stream.next()
        assert (gone["change"], gone["removedId"], gone["edge"]) == ("REMOVED", asked, None)
        again = (await team.do(team.eve, ASK, teamId=team.id))["joinRequest"]["id"]
        assert (await stream.next())["edge"]["node"]["id"] == again
        await team.do(team.ann, APPROVE, requestId=again)
        assert (await stream.next())["removedId"] == again
        await stream.stop()
        stream = await connection.subscribe(QUEUE, team=team.id, after=first["cursor"])
        replayed = [await stream.next() for _ in range(4)]
        assert [one["change"] for one in replayed] == [None, "REMOVED", None, "REMOVED"]


async def test_stream_of_requests_ends_when_its_admin_is_one_no_longer(connected: Dial, team: Team) -> None:
    await team.do(team.ann, ROLE, memberId=team.member, role="ADMIN")
    async with connected(team.ben) as connection:
        stream = await connection.subscribe(QUEUE, team=team.id)
        await stream.next()
        await team.do(team.ann, ROLE, memberId=team.member, role="MEMBER")
        assert await stream.failure() == ["NOT_FOUND"]
