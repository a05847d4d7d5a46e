"""Normalised caches of other libraries, kept right by our events alone: one story for Apollo Client, urql and Relay."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.service import run_client
from tests.subscriptions.team import Team

# Relay's development build reports so every event that has no edge, before it rightly does nothing.
GRUMBLES = {"relay.mjs": ["Warning: MutationHandlers: Expected the server edge to be non-null."]}


def tell(script: str, team: Team, *, resumes: bool) -> dict[str, Any]:
    world = {"url": team.service.url, "token": team.ann, "mate": team.ben, "team": team.id, "resumes": resumes}
    (said,) = run_client(script, json.dumps(world | {"startedAt": datetime.now(UTC).isoformat()}))
    assert said["refused"] == ["NOT_FOUND"]
    assert said["queries"] == 1
    assert said["complaints"] == GRUMBLES.get(script, [])
    return dict(said)


@pytest.mark.parametrize("script", ["apollo.mjs", "urql.mjs", "relay.mjs"])
def test_a_client_that_merely_reconnects_is_right_again_by_a_snapshot(team: Team, script: str) -> None:
    deliveries = tell(script, team, resumes=False)["deliveries"]
    assert deliveries[0] == deliveries[-1] == "SNAPSHOT"
    assert set(deliveries[1:-1]) == {"LIVE"}


@pytest.mark.parametrize("script", ["apollo.mjs", "urql.mjs", "relay.mjs"])
def test_client_with_the_helper_receives_missed_events(team: Team, script: str) -> None:
    deliveries = tell(script, team, resumes=True)["deliveries"]
    assert len(deliveries) == 7
    assert "SNAPSHOT" not in deliveries
    assert deliveries[-3:] == ["REPLAY"] * 3
