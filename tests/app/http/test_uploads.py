"""Pictures over HTTP, where the server itself receives and shows them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from milequest.rules.avatars import Upload
from milequest.store.pictures.picture_folder import Folder
from tests import pictures
from tests.app.http.uploading import PAGE, form, kept, send, sent, shown
from tests.app.http.uploading import ann as ann
from tests.app.http.uploading import served as served
from tests.documents import AVATAR_FORM as FORM
from tests.documents import AVATAR_OF_TEAM as TEAM
from tests.documents import DELETE_AVATAR as DELETE
from tests.documents import OWN_AVATAR as MINE
from tests.documents import SET_ROLE as LEAVE_ROLE
from tests.quest import ACCEPT, FOUND, INVITE
from tests.service import Service

PART = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\ntext\r\n"


def test_a_picture_is_sent_and_everybody_sees_it_without_what_the_camera_wrote(served: Service, ann: str) -> None:
    given = form(served, ann, contentType="image/jpeg")
    assert (given["url"], given["maxBytes"]) == (f"{served.origin}/uploads", 5 * 2**20)
    assert datetime.fromisoformat(given["expiresAt"]) - datetime.now(UTC) < timedelta(minutes=10)
    assert send(served, given, pictures.photo()).status_code == 204
    url = shown(served, ann)
    assert url is not None
    assert re.fullmatch(rf"{served.origin}/avatars/[0-9a-f]{{32}}-[0-9a-f]{{32}}\.jpg", url)
    seen = served.client.get(url)
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert pictures.SECRET not in seen.content
    assert seen.headers["cache-control"] == "public, max-age=86400"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert served.client.get(url, headers={"if-none-match": seen.headers["etag"]}).status_code in (200, 304)


def test_second_picture_replaces_the_first(served: Service, ann: str) -> None:
    sent(served, ann, pictures.png(shade=1))
    first = shown(served, ann)
    sent(served, ann, pictures.png(shade=2))
    second = shown(served, ann)
    assert first
    assert second
    assert first != second
    assert (served.client.get(first).status_code, served.client.get(second).status_code) == (404, 200)


def test_older_form_does_not_replace_a_later_picture(served: Service, ann: str) -> None:
    older, newer = form(served, ann), form(served, ann)
    assert send(served, newer, pictures.png(shade=3)).status_code == 204
    before, files = served.data(MINE, token=ann), kept(served)
    assert send(served, older, pictures.png(shade=4)).status_code == 204
    assert (served.data(MINE, token=ann), kept(served)) == (before, files)


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (b"", 400),
        (b"<svg onload='alert(1)'/>", 400),
        (pictures.png() + b"\0" * 5 * 2**20, 400),
        (b"\0" * 6_000_000, 413),
    ],
)
def test_upload_that_is_no_picture_is_refused_and_changes_nothing(
    served: Service, ann: str, file: bytes, status: int
) -> None:
    before, files = served.data(MINE, token=ann), kept(served)
    answer = send(served, form(served, ann), file)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == "VALIDATION_ERROR"
    assert (served.data(MINE, token=ann), kept(served)) == (before, files)


def test_form_is_valid_until_it_expires_and_only_as_signed(served: Service, ann: str, tmp_path: Path) -> None:
    given = form(served, ann)
    for field in given["fields"]:
        field["value"] = field["value"][:-8] + "AAAAAAA="
    assert send(served, given, pictures.png()).status_code == 403
    assert send(served, {**given, "fields": []}, pictures.png()).status_code == 403
    upload, elsewhere = Upload.new(uuid4(), None, datetime.now(UTC)), Folder(tmp_path, served.origin)
    foreign = served.call(elsewhere.form(upload, "image/png", datetime.now(UTC)))
    fields = [{"name": field.name, "value": field.value} for field in foreign.fields]
    assert send(served, {**given, "fields": fields}, pictures.png()).status_code == 403
    ours = served.runtime.pictures
    assert isinstance(ours, Folder)
    user = UUID(served.data(MINE, token=ann)["viewer"]["user"]["id"].removeprefix("user_"))
    late = datetime.now(UTC) - timedelta(minutes=11)
    old = served.call(ours.form(Upload.new(user, None, late), "image/png", late))
    fields = [{"name": field.name, "value": field.value} for field in old.fields]
    answer = send(served, {**given, "fields": fields}, pictures.png())
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert shown(served, ann) is None


def test_a_team_has_a_picture_by_its_admin_alone(served: Service, ann: str) -> None:
    ben = served.sign_up(f"ben-{uuid4().hex[:8]}")
    made = served.data(FOUND, token=ann, input={"name": f"Team {uuid4().hex[:8]}"})
    team = made["createTeam"]["team"]["id"]
    asked = {"contentType": "image/png", "teamId": team}
    refused = served.post(FORM, token=ben, variables={"input": asked}).json()["errors"][0]["extensions"]
    assert refused["code"] == "NOT_FOUND", "it is private"
    code = served.data(INVITE, token=ann, input={"teamId": team})["createInvite"]["code"]
    joined = served.data(ACCEPT, token=ben, input={"code": code})["acceptInvite"]["memberEdge"]["node"]["id"]
    refused = served.post(FORM, token=ben, variables={"input": asked}).json()["errors"][0]["extensions"]
    assert refused["code"] == "FORBIDDEN"
    sent(served, ann, pictures.png(), teamId=team)
    url = served.data(TEAM, token=ben, id=team)["team"]["avatarUrl"]
    assert served.client.get(url).content == pictures.png()
    assert shown(served, ann) is None, "it is the team's"
    served.data(LEAVE_ROLE, token=ann, input={"memberId": joined, "role": "ADMIN"})
    by_ben = form(served, ben, teamId=team)
    served.data(LEAVE_ROLE, token=ann, input={"memberId": joined, "role": "MEMBER"})
    files = kept(served)
    answer = send(served, by_ben, pictures.png(shade=9))
    assert (answer.status_code, kept(served)) == (403, files), "who was an admin when asking need not be one now"
    assert served.data(TEAM, token=ann, id=team)["team"]["avatarUrl"] == url
    taken = served.data(DELETE, token=ann, input={"teamId": team})["deleteAvatar"]
    assert taken == {"viewer": None, "team": {"avatarUrl": None}}
    assert served.client.get(url).status_code == 404


def test_a_picture_is_taken_away_once(served: Service, ann: str) -> None:
    sent(served, ann, pictures.webp(lossless=True), contentType="image/webp")
    url = shown(served, ann)
    assert url
    key = uuid4().hex
    taken = [served.data(DELETE, token=ann, input={"idempotencyKey": key})["deleteAvatar"] for _ in range(2)]
    assert taken[0] == taken[1]
    assert taken[0]["viewer"]["user"]["avatarUrl"] is None
    assert served.client.get(url).status_code == 404
    version = served.data(MINE, token=ann)["viewer"]["version"]
    assert served.data(DELETE, token=ann, input={})["deleteAvatar"]["viewer"]["version"] == version


@pytest.mark.parametrize("kind", ["image/gif", "image/svg+xml", "IMAGE/PNG", ""])
def test_upload_form_of_an_unsupported_content_type_is_refused(served: Service, ann: str, kind: str) -> None:
    refused = served.post(FORM, token=ann, variables={"input": {"contentType": kind}}).json()["errors"][0]["extensions"]
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.contentType")


def test_upload_form_needs_a_user_and_is_rate_limited(served: Service, ann: str) -> None:
    anonymous = served.post(FORM, variables={"input": {"contentType": "image/png"}}).json()["errors"][0]
    assert anonymous["extensions"]["code"] == "UNAUTHENTICATED"
    for _ in range(30):
        form(served, ann)
    often = served.post(FORM, token=ann, variables={"input": {"contentType": "image/png"}}).json()["errors"][0]
    assert often["extensions"]["code"] == "RATE_LIMITED"


@pytest.mark.parametrize(
    "name",
    [
        "..%2fmilequest-secret",
        "milequest-secret",
        "../milequest-secret",
        "%2e%2e/milequest-secret",
        "x.png",
        "a" * 32 + ".png",
    ],
)
def test_picture_name_cannot_reach_another_file(served: Service, ann: str, name: str) -> None:
    form(served, ann)
    secret = served.runtime.settings.data_dir / "pictures" / "milequest-secret"
    assert secret.stat().st_mode & 0o077 == 0
    answer = served.client.get(f"{served.origin}/avatars/{name}")
    assert answer.status_code == 404
    assert secret.read_bytes() not in answer.content


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=token\r\n\r\nt\r\n--x--"),
        ("multipart/form-data; boundary=", b"--\r\nContent-Disposition: form-data; name=file\r\n\r\nt\r\n----"),
        ("multipart/form-data; boundary=x", PART * 21 + b"--x--"),
        ("multipart/form-data; boundary=x", PART.replace(b"text", b"x" * 20_000) + b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"Name: value\r\n" * 1_000 + b"\r\n--x--"),
    ],
)
def test_upload_with_a_malformed_form_is_refused(served: Service, kind: str, body: bytes) -> None:
    answer = served.client.post(f"{served.origin}/uploads", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 415)
    assert answer.json()["errors"][0]["extensions"]["code"] == "VALIDATION_ERROR"


def test_pages_of_other_origins_may_send_forms(served: Service, ann: str) -> None:
    given = form(served, ann)
    fields = {field["name"]: field["value"] for field in given["fields"]}
    files = {"file": ("a.png", pictures.png(), "image/png")}
    answer = served.client.post(given["url"], data=fields, files=files, headers={"origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, PAGE)


def test_content_type_image_jpg_is_accepted(served: Service, ann: str) -> None:
    given = form(served, ann, contentType="image/jpg")
    assert send(served, given, pictures.jpeg()).status_code == 204
    assert (shown(served, ann) or "").endswith(".jpg")
