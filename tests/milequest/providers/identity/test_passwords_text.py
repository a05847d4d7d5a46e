"""Passwords that are costly to read: refused before they are hashed or normalised."""

import time

import pytest

from milequest.providers.identity.passwords import Hasher
from milequest.rules.errors import ValidationError


@pytest.mark.parametrize("password", ["a" + "\u0301" * 62_500 + "\u0316" * 62_500, "Correct-Horse-1\ud800"])
async def test_a_password_of_marks_or_surrogates_is_refused_unhashed(password: str) -> None:
    hasher = Hasher()
    stored = await hasher.hash("Correct-Horse-1")
    before = time.process_time()
    for password_hash in (stored, None):
        with pytest.raises(ValidationError):
            await hasher.matches(password, password_hash)
    assert time.process_time() - before < 0.05
