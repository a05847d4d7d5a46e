"""Pictures follow a server that has moved."""

from datetime import UTC, datetime
from uuid import uuid4

from milequest.jobs.pictures import readdress
from tests.quest import Quest

NOW = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


async def test_pictures_have_the_address_at_which_the_server_is_now(quest: Quest) -> None:
    names = [f"{uuid4().hex}-{uuid4().hex}.{kind}" for kind in ("jpg", "webp", "png")]
    here = f"{quest.runtime.settings.origin}/avatars"
    foreign = ["https://pictures.example/avatars/ann.jpg", f"https://pictures.example/ann/{names[0]}", None]
    urls = [f"http://127.0.0.1:9000/avatars/{names[0]}", f"{here}/{names[1]}", *foreign]
    people = [await quest.user(f"P{number}", avatar_url=url) for number, url in enumerate(urls)]
    team = await people[0].found("Walkers")
    moved = f"https://quest.example/avatars/{names[2]}"
    await quest.runtime.writer.execute("UPDATE team SET avatar_url = $1", moved)

    assert await readdress(quest.runtime, NOW) == 2
    mine = "{ viewer { version user { avatarUrl } } }"
    seen = [(await caller.run(mine))["viewer"] for caller in people]
    assert [each["user"]["avatarUrl"] for each in seen] == [f"{here}/{names[0]}", f"{here}/{names[1]}", *foreign]
    assert {each["version"] for each in seen} == {1}
    found = await people[0].run("query ($id: ID!) { team(id: $id) { avatarUrl } }", id=team)
    assert found["team"]["avatarUrl"] == f"{here}/{names[2]}"
    assert await readdress(quest.runtime, NOW) == 0
