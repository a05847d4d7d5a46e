"""A picture on the deployed service: by a signed form to S3, scanned by a function, shown by its name."""

import time
from typing import Any

import httpx
import pytest

from milequest.rules.avatars import name_in
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError
from tests import pictures
from tests.aws.deployment import ACCOUNT, PATIENCE, Deployment
from tests.documents import AVATAR_FORM as FORM
from tests.documents import AVATAR_REFUSAL as REFUSAL
from tests.documents import DELETE_AVATAR as DELETE
from tests.documents import OWN_AVATAR as MINE

BUCKET = f"milequest-staging-user-data-{ACCOUNT}-us-east-1"


@pytest.fixture(scope="module")
def ann(deployment: Deployment) -> str:
    """Return a user's token."""
    return deployment.sign_up("ann")


def form(deployment: Deployment, token: str, content_type: str = "image/jpeg") -> dict[str, Any]:
    """Request a form."""
    made = deployment.data(FORM, token, input={"contentType": content_type})
    return dict(made["createAvatarUpload"])


def send(given: dict[str, Any], file: bytes, **changed: str) -> httpx.Response:
    """Send a form as browsers do."""
    fields = {field["name"]: field["value"] for field in given["fields"]} | changed
    return httpx.post(given["url"], data=fields, files={"file": ("me.jpg", file)}, timeout=PATIENCE)


def shown(deployment: Deployment, token: str) -> str | None:
    """Return the address of one's own picture."""
    url: str | None = deployment.data(MINE, token)["viewer"]["user"]["avatarUrl"]
    return url


def key_of(given: dict[str, Any]) -> str:
    """Return the key of the upload."""
    return next(str(field["value"]) for field in given["fields"] if field["name"] == "key")


def lies(deployment: Deployment, key: str) -> bytes | None:
    """Return a file of the bucket."""

    async def get(aws: Aws) -> bytes | None:
        try:
            body: bytes = (await aws.sdk.call("s3", "get_object", Bucket=BUCKET, Key=key))["Body"]
        except AwsError as error:
            if error.code == "NoSuchKey":
                return None
            raise
        return body

    return deployment.on_aws(get)


def looked_at(deployment: Deployment, given: dict[str, Any]) -> None:
    """Wait until an upload was scanned: then it is gone."""
    end = time.monotonic() + PATIENCE
    while lies(deployment, key_of(given)) is not None:
        assert time.monotonic() < end, "nobody looks at it"
        time.sleep(0.2)


def arrival(given: dict[str, Any]) -> dict[str, Any]:
    """Return S3's event of an upload."""
    return {"detail": {"bucket": {"name": BUCKET}, "object": {"key": key_of(given)}}}


def test_a_picture_goes_by_a_form_to_s3_and_is_shown(deployment: Deployment, ann: str) -> None:
    given = form(deployment, ann)
    answer = send(given, pictures.photo())
    assert answer.status_code == 204, answer.text
    looked_at(deployment, given)
    url = shown(deployment, ann)
    assert url
    assert url.startswith("https://api.staging.mile-quest.com/avatars/")
    seen = lies(deployment, url.removeprefix("https://api.staging.mile-quest.com/"))
    assert seen
    assert pictures.SECRET not in seen
    assert deployment.invoke("pictures", arrival(given)) == {"shown": False}, "it was looked at"
    assert shown(deployment, ann) == url
    another = form(deployment, ann, "image/png")
    assert send(another, pictures.png()).status_code == 204
    looked_at(deployment, another)
    second = shown(deployment, ann)
    assert second
    assert second.endswith(".png")
    assert lies(deployment, f"avatars/{name_in(url)}") is None
    taken = deployment.data(DELETE, ann, input={})["deleteAvatar"]["viewer"]["user"]["avatarUrl"]
    assert taken is None
    assert lies(deployment, f"avatars/{name_in(second)}") is None


def test_upload_that_is_no_picture_is_refused_and_changes_nothing(deployment: Deployment, ann: str) -> None:
    before = deployment.data(MINE, ann)
    given = form(deployment, ann)
    assert send(given, b"<svg onload='alert(1)'/>").status_code == 204, "S3 looks at no bytes"
    looked_at(deployment, given)
    assert deployment.data(MINE, ann) == before
    told = deployment.data(REFUSAL, ann)["viewer"]["avatarRefusal"]
    assert told["upload"] == key_of(given).rpartition("/")[2]
    assert told["reason"] == "this is no picture in JPEG, PNG or WebP"


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        (pictures.png() + b"\0" * 5 * 2**20, {}),
        (b"", {}),
        (pictures.png(), {"key": f"uploads/{'0' * 32}/self/{'0' * 32}"}),
        (pictures.png(), {"key": "avatars/mine.png"}),
        (pictures.png(), {"Content-Type": "text/html"}),
        (pictures.png(), {"x-amz-signature": "0" * 64}),
    ],
)
def test_s3_takes_nothing_but_what_was_signed(
    deployment: Deployment, ann: str, file: bytes, changed: dict[str, str]
) -> None:
    given = form(deployment, ann, "image/png")
    answer = send(given, file, **changed)
    assert answer.status_code in (400, 403), answer.text
    for key in {key_of(given), changed.get("key", key_of(given))}:
        assert lies(deployment, key) is None
