"""Passwords that are costly to read: refused before they are hashed or normalised."""

import time

import pytest

from milequest.providers.identity.passwords import Hasher
from milequest.rules.errors import ValidationError

LEAST_OF_A_HASH = 0.01  # seconds


@pytest.mark.parametrize("password", ["a" + "\u0301" * 62_500 + "\u0316" * 62_500, "Correct-Horse-1\ud800"])
async def test_a_password_of_marks_or_surrogates_is_refused_unhashed(password: str) -> None:
    hasher = Hasher()
    stored = await hasher.hash("Correct-Horse-1")
    spent = []
    for password_hash in (stored, None) * 3:
        before = time.process_time()
        with pytest.raises(ValidationError):
            await hasher.matches(password, password_hash)
        spent.append(time.process_time() - before)
    assert min(spent) < LEAST_OF_A_HASH  # despite other work of the process
