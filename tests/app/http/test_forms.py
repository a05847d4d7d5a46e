"""Forms for pictures: each is valid once, and an invalid one is refused before its file is read."""

import asyncio
import socket
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from milequest.jobs import pictures as looking
from milequest.rules.avatars import Upload
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.rate_limits import FORMS_SENT
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.valkey_client import connect
from milequest.store.pictures.picture_folder import Folder
from tests import pictures
from tests.app.http.uploading import ann, form, kept, send, served
from tests.documents import OWN_AVATAR as MINE
from tests.service import Service

__all__ = ["ann", "served"]

KIND = "Content-Type: multipart/form-data; boundary=x"
HEAD = f"POST /uploads HTTP/1.1\r\nHost: x\r\n{KIND}\r\nContent-Length: 4000000\r\n\r\n"
FILE = "--x\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n"


def begun(served: Service, token: str) -> socket.socket:
    """Return a connection on which a form with `token` and the beginning of its file were sent."""
    host, port = served.origin.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    field = f"--x\r\nContent-Disposition: form-data; name=token\r\n\r\n{token}\r\n"
    connection.sendall(f"{HEAD}{field}{FILE}".encode() + b"\x89PNG")
    return connection


def token_of(given: dict[str, Any]) -> str:
    """Return the form's one field."""
    (field,) = given["fields"]
    return str(field["value"])


@pytest.mark.parametrize("file", [pictures.png(shade=9), b"no picture"], ids=["a picture", "none"])
def test_a_form_that_was_sent_is_refused_the_second_time(served: Service, ann: str, file: bytes) -> None:
    given = form(served, ann)
    send(served, given, file)
    before, files = served.data(MINE, token=ann), kept(served)
    again = send(served, given, pictures.png(shade=10))
    assert (again.status_code, again.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert (served.data(MINE, token=ann), kept(served)) == (before, files)


async def test_a_form_that_was_sent_to_another_process_is_refused(served: Service) -> None:
    """Both count in the same Valkey."""
    upload = Upload.new(uuid4(), None, datetime.now(UTC))
    redis = connect(served.runtime.settings)
    try:
        await RateLimits(redis).spend(FORMS_SENT, upload.id.hex)
    finally:
        await redis.aclose()
    ours = served.runtime.pictures
    assert isinstance(ours, Folder)
    signed = await asyncio.to_thread(lambda: served.call(ours.form(upload, "image/png", datetime.now(UTC))))
    fields = [{"name": field.name, "value": field.value} for field in signed.fields]
    answer = await asyncio.to_thread(send, served, {"url": signed.url, "fields": fields}, pictures.png())
    assert answer.status_code == 403


def test_invalid_form_is_refused_before_its_file_is_read(served: Service) -> None:
    with begun(served, "AAAA") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")


def test_form_whose_file_was_cut_off_can_be_sent_again(served: Service, ann: str) -> None:
    given = form(served, ann)
    with begun(served, token_of(given)):
        pass
    until = time.monotonic() + 30
    while send(served, given, pictures.png()).status_code != 204:
        assert time.monotonic() < until


def test_fields_without_end_are_refused(served: Service) -> None:
    body = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"a" * 15_000 + b"\r\n"
    answer = served.client.post(
        f"{served.origin}/uploads", content=body * 10, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "VALIDATION_ERROR")


async def test_pictures_are_scanned_one_at_a_time_in_a_short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, at_once, most = [], 0, 0

    def slow(data: bytes) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.002)
        at_once -= 1
        looked.append(data)

    monkeypatch.setattr(looking, "cleaned", slow)
    scanner = looking._Scanner()
    results = await asyncio.gather(*(scanner.cleaned(b"%d" % n) for n in range(40)), return_exceptions=True)
    refused = [each for each in results if isinstance(each, Refused)]
    assert (most, len(looked), len(refused)) == (1, looking.MAX_WAITING, 40 - looking.MAX_WAITING)
    assert {each.code for each in refused} == {ErrorCode.UNAVAILABLE}
