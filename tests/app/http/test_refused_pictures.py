"""The sender of a refused picture reads the reason; and a deleted team's picture is gone."""

from typing import Any
from uuid import uuid4

import pytest

from tests import pictures
from tests.app.http.uploading import ann, kept, send, sent, served
from tests.documents import AVATAR_OF_TEAM as TEAM
from tests.documents import AVATAR_REFUSAL as REFUSAL
from tests.documents import SET_ROLE as LEAVE_ROLE
from tests.quest import ACCEPT, FOUND, INVITE
from tests.service import Service
from tests.subscriptions.team import DELETE_TEAM, LEAVE

__all__ = ["ann", "served"]

FORM = """mutation ($input: CreateAvatarUploadInput!) { createAvatarUpload(input: $input) {
  upload url fields { name value } } }"""


def form(served: Service, token: str, **given: Any) -> dict[str, Any]:
    """Request an upload, with its id."""
    made = served.data(FORM, token=token, input={"contentType": "image/png", **given})
    return dict(made["createAvatarUpload"])


def refusal(served: Service, token: str) -> Any:
    """Return the reason the user reads."""
    return served.data(REFUSAL, token=token)["viewer"]["avatarRefusal"]


def found(served: Service, token: str) -> tuple[str, str]:
    """Found a team; return its id and name."""
    name = f"Team {uuid4().hex[:8]}"
    return served.data(FOUND, token=token, input={"name": name})["createTeam"]["team"]["id"], name


def test_picture_refusal_is_readable_until_a_later_picture_is_shown(served: Service, ann: str) -> None:
    assert refusal(served, ann) is None
    good, cut, early, none, late, best = (form(served, ann) for _ in range(6))
    assert send(served, cut, pictures.png()[:-20]).status_code == 400
    told = refusal(served, ann)
    assert (told["upload"], told["teamId"]) == (cut["upload"], None)
    assert told["reason"] == "the picture is cut off"
    assert send(served, none, b"<svg onload='alert(1)'/>").status_code == 400
    told = refusal(served, ann)
    assert (told["upload"], told["reason"]) == (none["upload"], "this is no picture in JPEG, PNG or WebP")
    assert send(served, early, b"").status_code == 400
    assert refusal(served, ann) == told, "it is of a picture before"
    assert send(served, good, pictures.png(shade=1)).status_code == 204
    assert refusal(served, ann) == told, "so is the one that is shown"
    assert send(served, best, pictures.png(shade=2)).status_code == 204
    assert refusal(served, ann) is None
    assert send(served, late, b"").status_code == 400
    assert refusal(served, ann) is None, "a later one is shown"


def test_team_picture_refused_after_a_demotion_is_readable_by_its_sender_alone(served: Service, ann: str) -> None:
    ben = served.sign_up(f"ben-{uuid4().hex[:8]}")
    team, _ = found(served, ann)
    code = served.data(INVITE, token=ann, input={"teamId": team})["createInvite"]["code"]
    member = served.data(ACCEPT, token=ben, input={"code": code})["acceptInvite"]["memberEdge"]["node"]["id"]
    served.data(LEAVE_ROLE, token=ann, input={"memberId": member, "role": "ADMIN"})
    by_ben = form(served, ben, teamId=team)
    served.data(LEAVE_ROLE, token=ann, input={"memberId": member, "role": "MEMBER"})
    answer = send(served, by_ben, pictures.png())
    told = refusal(served, ben)
    assert (told["upload"], told["teamId"]) == (by_ben["upload"], team)
    assert told["reason"] == answer.json()["errors"][0]["message"]
    assert refusal(served, ann) is None


@pytest.mark.parametrize("ends", ["deleted", "left"])
def test_a_team_that_ends_shows_its_picture_no_longer(served: Service, ann: str, ends: str) -> None:
    team, name = found(served, ann)
    before = kept(served)
    sent(served, ann, pictures.png(shade=5), teamId=team)
    url = served.data(TEAM, token=ann, id=team)["team"]["avatarUrl"]
    assert served.client.get(url).status_code == 200
    if ends == "deleted":
        served.data(DELETE_TEAM, token=ann, input={"teamId": team, "confirmName": name})
    else:
        served.data(LEAVE, token=ann, input={"teamId": team})
    assert (served.client.get(url).status_code, kept(served)) == (404, before)


def test_team_picture_is_still_shown_after_a_member_leaves(served: Service, ann: str) -> None:
    ben = served.sign_up(f"ben-{uuid4().hex[:8]}")
    team, _ = found(served, ann)
    code = served.data(INVITE, token=ann, input={"teamId": team})["createInvite"]["code"]
    served.data(ACCEPT, token=ben, input={"code": code})
    sent(served, ann, pictures.png(shade=6), teamId=team)
    url = served.data(TEAM, token=ann, id=team)["team"]["avatarUrl"]
    served.data(LEAVE, token=ben, input={"teamId": team})
    assert served.client.get(url).status_code == 200
