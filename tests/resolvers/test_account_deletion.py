"""Deleting an account: hidden at once, brought back by signing in, gone after two weeks; what it walked stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Column

from milequest.jobs.closing import close_accounts
from milequest.rules.closing import UNDO_FOR
from milequest.rules.errors import QuestError
from milequest.store.sql.erasure import DECISIONS
from milequest.store.sql.tables.base import metadata
from tests.documents import REFRESH
from tests.journeys import ACTIVATE, draft, walk
from tests.quest import Caller, Quest
from tests.resolvers.accounts import EMAIL, PAIR, PASSWORD, account, elsewhere, sign_in
from tests.resolvers.passwords import signed_in, signs_in

DELETE = "mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletesAt } }"
RETURN = """mutation ($input: SignInInput!) { signIn(input: $input) { deletionCancelled session { accessToken }
  viewer { user { name avatarUrl } privacySettings { showOnLeaderboards shareStatsWithTeam } } } }"""
MEMBERS = """query ($id: ID!) { team(id: $id) { memberCount members { nodes { role user { name avatarUrl } } }
  activities { nodes { notes user { name } } }
  currentGoal { progress { totalMeters unattributedMeters topContributors { distanceMeters user { name } } } }
  leaderboard { entries { nodes { value competitor { name } } } } } }"""
ROLE = "mutation ($m: ID!) { setMemberRole(input: {memberId: $m, role: ADMIN}) { member { id } } }"
INVITES = """mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code } }"""
ASK = "mutation ($input: RequestToJoinInput!) { requestToJoin(input: $input) { joinRequest { id } } }"
BOARD = """{ teamsLeaderboard(period: ALL_TIME) { entries { nodes { value competitor { name } } } } }"""
CONFIRMED = {"confirmEmail": EMAIL, "password": PASSWORD}
REFERS = ("user_id", "subject", "email", "email_key", "created_by", "invited_by", "answered_by")


async def test_deletion_hides_the_account_and_ends_its_sessions_at_once(quest: Quest) -> None:
    ada, ben, team = await _team(quest)
    session = await sign_in(quest)
    assert (await signed_in(quest, session)).user_id == ada.user_id
    ada.now += timedelta(minutes=1)
    gone = await ada.run(DELETE, input=CONFIRMED)
    assert gone["deleteAccount"]["deletesAt"] is not None
    shown = (await ben.run(MEMBERS, id=team))["team"]
    assert [(one["role"], one["user"]) for one in shown["members"]["nodes"]] == [
        ("ADMIN", {"name": "Former member", "avatarUrl": None}),
        ("MEMBER", {"name": "Ben", "avatarUrl": None}),
    ]
    assert {one["user"]["name"] for one in shown["activities"]["nodes"]} == {"Former member", "Ben"}
    assert [one["competitor"]["name"] for one in shown["leaderboard"]["entries"]["nodes"]] == ["Ben"]
    with pytest.raises(QuestError, match="ended"):
        await signed_in(quest, session)
    assert (await elsewhere(quest).refused(REFRESH, input={"refreshToken": session["refreshToken"]}))[
        "code"
    ] == "UNAUTHENTICATED"
    mail = (await quest.runtime.mailbox.newest())[0].mail
    assert (mail.to, mail.subject) == (EMAIL, "Your Mile Quest account will be deleted")


async def test_signing_in_within_two_weeks_brings_everything_back(quest: Quest) -> None:
    ada, ben, team = await _team(quest)
    before = (await ben.run(MEMBERS, id=team))["team"]
    await ada.run(DELETE, input=CONFIRMED)
    assert (await ben.run(MEMBERS, id=team))["team"] != before
    back = elsewhere(quest)
    back.now = ada.now + UNDO_FOR - timedelta(seconds=1)
    done = (await back.run(RETURN, input=PAIR))["signIn"]
    assert done["deletionCancelled"] is True
    assert done["viewer"]["user"] == {"name": "Ada", "avatarUrl": "https://pictures.example/ada"}
    assert done["viewer"]["privacySettings"] == {"showOnLeaderboards": True, "shareStatsWithTeam": True}
    assert (await ben.run(MEMBERS, id=team))["team"] == before
    assert await close_accounts(quest.runtime, ada.now + UNDO_FOR) == 0
    back.now += timedelta(minutes=1)
    assert (await back.run(RETURN, input=PAIR))["signIn"]["deletionCancelled"] is False


async def test_nothing_of_a_deleted_account_is_left_but_sums(quest: Quest) -> None:
    ada, ben, team = await _team(quest)
    await ada.run(INVITES, input={"teamId": team, "email": "dee@t.example", "message": "Adas words"})
    other = await ben.found("Others", isPublic=True, joinPolicy="REQUEST")
    await ada.run(ASK, input={"teamId": other, "message": "Adas wish"})
    await ben.run(INVITES, input={"teamId": other, "email": EMAIL, "message": "Come, dear one"})
    before = (await ben.run(MEMBERS, id=team))["team"]["currentGoal"]["progress"]["totalMeters"], await ben.run(BOARD)
    await ada.run(DELETE, input=CONFIRMED)
    assert await close_accounts(quest.runtime, ada.now + UNDO_FOR - timedelta(seconds=1)) == 0
    assert await close_accounts(quest.runtime, ada.now + UNDO_FOR) == 1
    assert await close_accounts(quest.runtime, ada.now + UNDO_FOR) == 0
    left = {name: "\n".join(rows) for name, rows in (await quest.state()).items()}
    for secret in ("Ada", "ada@example", "Ada@Example", "pictures.example", "Adas words", "Adas wish", "by the lake"):
        assert [name for name, text in left.items() if secret in text] == [], secret
    assert await quest.runtime.writer.fetchval("SELECT array_agg(state) FROM join_request") == ["ENDED"]
    assert left["account_deletion"] == left["credential"] == left["sign_in_session"] == ""
    shown = (await ben.run(MEMBERS, id=team))["team"]
    assert (shown["currentGoal"]["progress"]["totalMeters"], await ben.run(BOARD)) == before
    assert shown["currentGoal"]["progress"]["unattributedMeters"] == 1_500
    assert [one["competitor"]["name"] for one in shown["leaderboard"]["entries"]["nodes"]] == ["Ben"]
    mail = (await quest.runtime.mailbox.newest())[0].mail
    assert (mail.to, mail.subject) == (EMAIL, "Your Mile Quest account was deleted")
    assert not await signs_in(quest, PASSWORD)
    await account(quest)
    assert await signs_in(quest, PASSWORD)


async def test_captaincy_of_a_deleted_account_goes_to_the_longest_member(quest: Quest) -> None:
    ada, ben, team = await _team(quest)
    await (await quest.user("Dee")).accept(await ada.invite(team))
    await ada.run(DELETE, input=CONFIRMED)
    await close_accounts(quest.runtime, ada.now + UNDO_FOR)
    shown = (await ben.run(MEMBERS, id=team))["team"]
    assert [(one["role"], one["user"]["name"]) for one in shown["members"]["nodes"]] == [
        ("ADMIN", "Ben"),
        ("MEMBER", "Dee"),
    ]
    assert shown["memberCount"] == 2


async def test_captaincy_goes_to_nobody_new_where_another_admin_is(quest: Quest) -> None:
    ada, ben, team = await _team(quest)
    dee = await quest.user("Dee")
    member = await dee.accept(await ada.invite(team))
    await ada.run(ROLE, m=member)
    await ada.run(DELETE, input=CONFIRMED)
    await close_accounts(quest.runtime, ada.now + UNDO_FOR)
    shown = (await ben.run(MEMBERS, id=team))["team"]
    assert [one["role"] for one in shown["members"]["nodes"]] == ["MEMBER", "ADMIN"]


async def test_team_of_a_deleted_account_alone_ends(quest: Quest) -> None:
    ada, _, _ = await _team(quest)
    alone = await ada.found("Alone", isPublic=True)
    await ada.run(DELETE, input=CONFIRMED)
    await close_accounts(quest.runtime, ada.now + UNDO_FOR)
    assert (await quest.anonymous.run("query ($id: ID!) { team(id: $id) { id } }", id=alone))["team"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"confirmEmail": "ben@example.org"}, "confirmEmail"),
        ({"password": "Wrong-Horse-1"}, "password"),
        ({"password": None}, "password"),
    ],
)
async def test_deletion_without_the_right_address_and_password_is_refused(
    quest: Quest, change: dict[str, Any], field: str
) -> None:
    ada, _, _ = await _team(quest)
    refused = await quest.refusal(ada, DELETE, input=CONFIRMED | change)
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", f"input.{field}")


def test_each_column_that_refers_to_a_user_has_a_decision() -> None:
    refers = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if _refers(column) or (column.name == "name" and _is_of_person(table.columns))
    }
    assert refers == DECISIONS.keys()


def _refers(column: Column[Any]) -> bool:
    return column.name in REFERS or any(key.column.table.name == "app_user" for key in column.foreign_keys)


def _is_of_person(columns: Any) -> bool:
    return "email" in columns or "user_id" in columns


async def _team(quest: Quest) -> tuple[Caller, Caller, str]:
    """Return Ada, who signed up and is the ADMIN of a team with a goal that both have walked for, Ben, and the team."""
    await account(quest)
    ada, ben = await signed_in(quest, await sign_in(quest)), await quest.user("Ben")
    await quest.runtime.writer.execute(
        "UPDATE app_user SET avatar_url = 'https://pictures.example/ada' WHERE name = 'Ada'"
    )
    team = await ada.found("Walkers", isPublic=True)
    await ben.accept(await ada.invite(team))
    today = str(ada.now.date())
    await ada.run(ACTIVATE, input={"goalId": await draft(ada, team, startsOn=today)})
    await walk(ada, 1_000, notes="by the lake")
    await walk(ada, 500, privacy="PRIVATE")
    await walk(ben, 700)
    return ada, ben, team
