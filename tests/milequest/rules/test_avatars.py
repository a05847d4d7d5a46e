"""Keys of uploads and names of pictures: parsing returns what was formatted, and rejects all else."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import pytest

from milequest.rules.avatars import Upload, content_type, is_name, name_in, url_of
from milequest.rules.errors import ValidationError
from milequest.rules.ids import new_id
from milequest.rules.pictures import Picture

ADA, TEAM, NOW = UUID(int=1), UUID(int=2), datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("team", [None, TEAM])
def test_an_upload_is_read_back_from_its_key(team: UUID | None) -> None:
    upload = Upload.new(ADA, team, NOW)
    assert (upload.user_id, upload.team_id) == (ADA, team)
    assert upload.id.hex[:12] == new_id(NOW).hex[:12]
    assert Upload.of(upload.key) == upload


@pytest.mark.parametrize("key", ["", "uploads/1/self/2", f"avatars/{ADA.hex}/self/{TEAM.hex}"])
def test_a_key_of_another_form_belongs_to_no_upload(key: str) -> None:
    with pytest.raises(ValueError, match=r"^no key of an upload$"):
        Upload.of(key)


def test_a_picture_is_named_by_its_upload_and_its_bytes() -> None:
    upload, picture = Upload.new(ADA, None, NOW), Picture("image/png", b"the picture")
    name = upload.name(picture)
    assert name == f"{upload.id.hex}-{hashlib.sha256(b'the picture').hexdigest()[:32]}.png"
    assert is_name(name)
    assert name_in(url_of("https://pictures.example", name)) == name
    assert [is_name(other) for other in (name[1:], f"{name}x", name.replace("png", "gif"))] == [False] * 3
    assert [name_in(other) for other in (None, "", f"https://a.example/{name}", f"/avatars/{name}x")] == [None] * 4
    assert name_in(f"https://a.example/avatars/avatars/{name}") == name


def test_kinds_of_pictures_are_those_that_are_shown() -> None:
    assert [content_type("input", text) for text in ("image/jpg", "image/jpeg", "image/png", "image/webp")] == [
        *("image/jpeg", "image/jpeg", "image/png", "image/webp")
    ]
    with pytest.raises(ValidationError) as refused:
        content_type("input.contentType", "image/gif")
    message = "must be one of image/jpeg, image/png, image/webp"
    expected = {"path": "input.contentType", "code": "NOT_ALLOWED", "message": message}
    assert refused.value.extensions()["fields"] == [expected]
