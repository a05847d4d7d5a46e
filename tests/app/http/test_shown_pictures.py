"""Conditional requests for pictures: a client that has one is not sent it again (RFC 9110, 13 and 14)."""

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from tests import pictures
from tests.app.http.uploading import ann, sent, served, shown
from tests.service import Service

__all__ = ["ann", "served"]


@pytest.fixture
def picture(served: Service, ann: str) -> httpx.Response:
    """Return the first response with a picture."""
    sent(served, ann, pictures.png(shade=11))
    answer = served.client.get(shown(served, ann) or "")
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{} , "more"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_picture_whose_tag_is_known_is_not_sent(
    served: Service, picture: httpx.Response, method: str, form: str
) -> None:
    tags = form.format(picture.headers["etag"])
    answer = served.client.request(method, picture.url, headers={"if-none-match": tags})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == picture.headers["etag"]
    assert answer.headers["cache-control"] == picture.headers["cache-control"]


@pytest.mark.parametrize("tags", ['"other"', 'W/"other"', "", "other"])
def test_a_picture_of_another_tag_is_sent(served: Service, picture: httpx.Response, tags: str) -> None:
    answer = served.client.get(picture.url, headers={"if-none-match": tags})
    assert (answer.status_code, answer.content) == (200, picture.content)


@pytest.mark.parametrize(("later", "status"), [(0, 304), (1, 304), (-1, 200)])
def test_a_picture_is_not_sent_that_was_not_modified_since(
    served: Service, picture: httpx.Response, later: int, status: int
) -> None:
    since = parsedate_to_datetime(picture.headers["last-modified"]) + timedelta(hours=later)
    headers = {"if-modified-since": format_datetime(since, usegmt=True)}
    assert served.client.get(picture.url, headers=headers).status_code == status
    assert served.client.get(picture.url, headers=headers | {"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("since", ["yesterday", "9" * 5_000, "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_a_date_that_is_none_is_ignored(served: Service, picture: httpx.Response, since: str) -> None:
    assert served.client.get(picture.url, headers={"if-modified-since": since}).status_code == 200


@pytest.mark.parametrize(("unit", "status"), [("lines=1", 200), ("bytes=0-3", 206), ("seconds=1-2", 200), ("x", 200)])
def test_a_range_in_an_unknown_unit_is_ignored(
    served: Service, picture: httpx.Response, unit: str, status: int
) -> None:
    answer = served.client.get(picture.url, headers={"range": unit})
    assert answer.status_code == status
    assert answer.content == (picture.content if status == 200 else picture.content[:4])
