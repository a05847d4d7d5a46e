"""Pictures that are sent to the service itself: its fixtures, a form, and what is kept and shown."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis import Redis

from milequest.settings import Settings
from tests.documents import AVATAR_FORM as FORM
from tests.documents import OWN_AVATAR as MINE
from tests.service import Service, serving

PAGE = "https://app.example"


@pytest.fixture(scope="module")
def served(new_database: Any, _valkey: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield the service with a folder of its own."""
    redis = f"unix://{_valkey.get_connection_kwargs()['path']}"
    folder = tmp_path_factory.mktemp("data")
    with new_database() as url:
        settings = Settings(database_url=url, redis_url=redis, data_dir=folder, allowed_origins=(PAGE,), embedded=True)
        with serving(settings) as service:
            yield service


@pytest.fixture
def ann(served: Service) -> str:
    """Return a user's token."""
    return served.sign_up(f"ann-{uuid4().hex[:8]}")


def form(served: Service, token: str, **given: Any) -> dict[str, Any]:
    """Request a form."""
    made = served.data(FORM, token=token, input={"contentType": "image/png", **given})
    return dict(made["createAvatarUpload"])


def send(served: Service, given: dict[str, Any], file: bytes, name: str = "me.png") -> httpx.Response:
    """Send a form as browsers do."""
    fields = {field["name"]: field["value"] for field in given["fields"]}
    return served.client.post(given["url"], data=fields, files={"file": (name, file, "image/png")})


def shown(served: Service, token: str) -> str | None:
    """Return the address of one's own picture."""
    url: str | None = served.data(MINE, token=token)["viewer"]["user"]["avatarUrl"]
    return url


def kept(served: Service) -> set[str]:
    """Return the names of all stored pictures."""
    return {path.name for path in (served.runtime.settings.data_dir / "pictures" / "avatars").glob("*")}


def sent(served: Service, token: str, file: bytes, **given: Any) -> None:
    """Send a picture that must be accepted."""
    answer = send(served, form(served, token, **given), file)
    assert (answer.status_code, answer.content) == (204, b"")
