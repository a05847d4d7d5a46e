"""The viewer's account: profile, privacy, memberships; and the cards of others."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.quest import Caller, Quest

VIEWER = """{ viewer { id user { id name avatarUrl } email preferredUnits timezone locale strideMeters version
  privacySettings { defaultActivityPrivacy showOnLeaderboards shareStatsWithTeam } } }"""
UPDATE = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer {
  user { name } preferredUnits timezone locale strideMeters version } } }"""
PRIVACY = """mutation ($input: UpdatePrivacySettingsInput!) { updatePrivacySettings(input: $input) { viewer {
  version privacySettings { defaultActivityPrivacy showOnLeaderboards shareStatsWithTeam } } } }"""
MEMBERSHIPS = "{ viewer { memberships { id role joinedAt user { name } team { id name viewerRole } } } }"
USER = "query ($id: ID!) { user(id: $id) { id name } }"

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "input.name", "TOO_SHORT"),
    ({"name": "a" * 101}, "input.name", "TOO_LONG"),
    ({"name": "An\0n"}, "input.name", "MALFORMED"),
    ({"name": None}, "input.name", "REQUIRED"),
    ({"preferredUnits": None}, "input.preferredUnits", "REQUIRED"),
    ({"timezone": None}, "input.timezone", "REQUIRED"),
    ({"timezone": "Nowhere"}, "input.timezone", "UNKNOWN_ZONE"),
    ({"timezone": "../etc/passwd"}, "input.timezone", "UNKNOWN_ZONE"),
    ({"locale": "english please"}, "input.locale", "MALFORMED"),
    ({"locale": "en_GB"}, "input.locale", "MALFORMED"),
    ({"strideMeters": 0.299}, "input.strideMeters", "OUT_OF_RANGE"),
    ({"strideMeters": 1.501}, "input.strideMeters", "OUT_OF_RANGE"),
    ({"strideMeters": 1e308}, "input.strideMeters", "OUT_OF_RANGE"),
]


async def test_the_viewer_is_who_is_signed_in(quest: Quest) -> None:
    ann = await quest.user("Ann", "Europe/Paris", locale="fr-FR", stride_mm=701)
    viewer = (await ann.run(VIEWER))["viewer"]
    assert viewer == {
        "id": f"viewer_{ann.user_id.hex}",
        "user": {"id": f"user_{ann.user_id.hex}", "name": "Ann", "avatarUrl": None},
        "email": f"ann-{ann.user_id.hex[-8:]}@example.com",
        "preferredUnits": "MILES",
        "timezone": "Europe/Paris",
        "locale": "fr-FR",
        "strideMeters": 0.701,
        "version": 1,
        "privacySettings": {
            "defaultActivityPrivacy": "PUBLIC",
            "showOnLeaderboards": True,
            "shareStatsWithTeam": True,
        },
    }
    assert await quest.anonymous.run(VIEWER) == {"viewer": None}


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_closed_account_has_no_viewer_and_cannot_write(quest: Quest, column: str) -> None:
    closed: dict[str, Any] = {column: quest.anonymous.now}
    ann = await quest.user("Ann", **closed)
    assert await ann.run(VIEWER) == {"viewer": None}
    for text, given in ((UPDATE, {"name": "Eve"}), (PRIVACY, {"showOnLeaderboards": False})):
        assert (await quest.refusal(ann, text, input=given))["code"] == "UNAUTHENTICATED"
    founding = 'mutation { createTeam(input: {name: "Walkers"}) { team { id } } }'
    assert (await quest.refusal(ann, founding))["code"] == "UNAUTHENTICATED"


async def test_a_profile_is_changed_where_something_is_given(quest: Quest) -> None:
    ann = await quest.user("Ann")
    given = {"name": " Anna ", "preferredUnits": "KILOMETERS", "timezone": "Asia/Tokyo", "locale": "zh-hANT-tw"}
    changed = (await ann.run(UPDATE, input=given | {"strideMeters": 0.7625}))["updateProfile"]["viewer"]
    assert changed == {
        "user": {"name": "Anna"},
        "preferredUnits": "KILOMETERS",
        "timezone": "Asia/Tokyo",
        "locale": "zh-Hant-TW",
        "strideMeters": 0.762,
        "version": 2,
    }
    cleared = (await ann.run(UPDATE, input={"locale": None, "strideMeters": None}))["updateProfile"]["viewer"]
    assert cleared == changed | {"locale": None, "strideMeters": None, "version": 3}
    assert (await ann.run(UPDATE, input={"name": "Anna"}))["updateProfile"]["viewer"]["version"] == 3


async def test_invalid_profile_fields_are_refused_by_field(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for given, path, code in WRONG:
        refused = await quest.refusal(ann, UPDATE, input=given)
        assert refused["code"] == "VALIDATION_ERROR"
        assert [(fault["path"], fault["code"]) for fault in refused["fields"]] == [(path, code)]


async def test_privacy_cannot_be_cleared(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for name in ("defaultActivityPrivacy", "showOnLeaderboards", "shareStatsWithTeam"):
        refused = await quest.refusal(ann, PRIVACY, input={name: None})
        assert refused["fields"][0]["path"] == f"input.{name}"


async def test_a_change_of_an_old_profile_is_refused(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await ann.run(UPDATE, input={"name": "Anna", "expectedVersion": 1})
    refused = await quest.refusal(ann, UPDATE, input={"name": "Annie", "expectedVersion": 1})
    assert (refused["code"], refused["currentVersion"]) == ("STALE_VERSION", 2)


async def test_the_same_key_changes_once(quest: Quest) -> None:
    ann = await quest.user("Ann")
    given = {"name": "Anna", "expectedVersion": 1, "idempotencyKey": "only once"}
    first = await ann.run(UPDATE, input=given)
    assert await ann.run(UPDATE, input=given) == first
    assert (await quest.refusal(ann, UPDATE, input=given | {"name": "Eve"}))["code"] == "IDEMPOTENCY_MISMATCH"


async def test_privacy_is_seen_on_boards_at_once(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    open_team = {"isPublic": True, "joinPolicy": "OPEN"}
    present, former, foreign = [await bob.found(name, **open_team) for name in ("Present", "Former", "Foreign")]
    for team in (present, former):
        await ann.run("mutation ($t: ID!) { joinTeam(input: {teamId: $t}) { team { id } } }", t=team)
    await ann.run("mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { team { id } } }", t=former)
    before, news = await _boards(quest), await _news(quest)
    for given, raised in (
        ({"showOnLeaderboards": False}, 1),
        ({"showOnLeaderboards": False}, 1),
        ({"shareStatsWithTeam": False, "showOnLeaderboards": True}, 2),
        ({"defaultActivityPrivacy": "PRIVATE"}, 2),
    ):
        changed = (await ann.run(PRIVACY, input=given))["updatePrivacySettings"]["viewer"]
        assert changed["privacySettings"] | given == changed["privacySettings"]
        after = await _boards(quest)
        assert {team: after[team] - before[team] for team in after} == {
            _uuid(present): raised,
            _uuid(former): raised,
            _uuid(foreign): 0,
        }
        assert await _news(quest) == news | {_uuid(present): news[_uuid(present)] + raised}


async def test_new_user_name_is_an_event_of_their_teams(quest: Quest) -> None:
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    before = await _boards(quest)
    await ann.run(UPDATE, input={"name": "Anna"})
    assert await _boards(quest) == {_uuid(team): before[_uuid(team)] + 1}
    await ann.run(UPDATE, input={"locale": "en"})
    kinds = await quest.runtime.reader.fetch("SELECT kind FROM event ORDER BY sequence")
    assert [row[0] for row in kinds] == ["MEMBER_ADDED", "MEMBER_CHANGED"]
    assert await _boards(quest) == {_uuid(team): before[_uuid(team)] + 1}


async def test_memberships_are_the_open_ones(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    mine = await ann.found("Mine")
    ann.now += timedelta(seconds=1)
    left, gone, joined = [await bob.found(name) for name in ("Left", "Gone", "Joined")]
    for team in (left, gone, joined):
        await ann.accept(await bob.invite(team))
        ann.now += timedelta(seconds=1)
    await ann.run("mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { team { id } } }", t=left)
    ending = 'mutation ($t: ID!) { deleteTeam(input: {teamId: $t, confirmName: "Gone"}) { deletedTeamId } }'
    await bob.run(ending, t=gone)
    memberships = (await ann.run(MEMBERSHIPS))["viewer"]["memberships"]
    assert [(each["role"], each["team"]) for each in memberships] == [
        ("ADMIN", {"id": mine, "name": "Mine", "viewerRole": "ADMIN"}),
        ("MEMBER", {"id": joined, "name": "Joined", "viewerRole": "MEMBER"}),
    ]
    assert {each["user"]["name"] for each in memberships} == {"Ann"}


async def test_a_card_is_for_whom_one_shares_a_team_with(quest: Quest) -> None:
    ann, bob, eve = await quest.user("Ann"), await quest.user("Bob"), await quest.user("Eve")
    team = await ann.found("Walkers", isPublic=True)
    await bob.accept(await ann.invite(team))
    assert await _card(bob, ann) == {"id": f"user_{ann.user_id.hex}", "name": "Ann"}
    assert await _card(eve, eve) == {"id": f"user_{eve.user_id.hex}", "name": "Eve"}
    assert await _card(eve, ann) is None
    await bob.run("mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { team { id } } }", t=team)
    assert await _card(bob, ann) is None
    assert (await quest.anonymous.refused(USER, id=f"user_{ann.user_id.hex}"))["code"] == "UNAUTHENTICATED"


async def _card(caller: Caller, other: Caller) -> Any:
    return (await caller.run(USER, id=f"user_{other.user_id.hex}"))["user"]


async def _boards(quest: Quest) -> dict[UUID, int]:
    return {row[0]: row[1] for row in await quest.runtime.reader.fetch("SELECT team_id, version FROM team_board")}


async def _news(quest: Quest) -> dict[UUID, int]:
    """Return how many MEMBER_CHANGED each team has had; also 0."""
    rows = await quest.runtime.reader.fetch(
        "SELECT channel, count(*) FROM event WHERE kind = 'MEMBER_CHANGED' GROUP BY 1"
    )
    counts = {UUID(channel.removeprefix("team:")): count for channel, count in rows}
    return {team: counts.get(team, 0) for team in await _boards(quest)}


def _uuid(text: str) -> UUID:
    return UUID(text.partition("_")[2])
