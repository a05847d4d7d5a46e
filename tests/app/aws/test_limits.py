"""AWS's limits that no local AWS has: the size of an answer, the time for one, the life of sockets."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.aws import domains
from app.aws.domains import DOCUMENTS
from app.aws.response_size import SHORT, TOO_LARGE, fitting
from milequest.store import deadlines
from milequest.store.away import Away
from milequest.store.sql import pool
from milequest.store.sql.transaction import open_pool
from schema.limits import MAX_BODY_BYTES
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import PROTOCOLS
from subscriptions.apigateway.outbound import AROUND, MOST_RECIPIENTS, Kind, OutboundMessages
from subscriptions.apigateway.outbound import MAX_CLIENT_MESSAGE_BYTES as MOST_OF_A_MESSAGE
from subscriptions.apigateway.sweeper import Timeouts
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.quotas import MAX_ID_BYTES, MAX_MESSAGE_BYTES
from tests.app.examples import EXAMPLES

LAMBDA = 6 * 1024 * 1024
GATEWAY = 10 * 1024 * 1024
SQS = 256 * 1024
FRAME = 32 * 1024
SILENCE, LIFE, ROUND = timedelta(minutes=10), timedelta(hours=2), timedelta(minutes=1)


def sent(answer: Any) -> int:
    """Return the size of an answer as Lambda sends it."""
    return len(json.dumps(answer, ensure_ascii=False).encode())


@pytest.mark.parametrize("letter", ["a", '"', "ä", "😀", "\\"])
def test_6_mb_an_answer_is_as_large_as_lambda_takes_or_is_said_to_be_too_large(letter: str) -> None:
    size = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    around = sent({"statusCode": 200, "body": ""})
    most = (LAMBDA - around) // size
    fits = {"statusCode": 200, "body": letter * (most - 2048 // size)}
    assert fitting(fits) is fits
    assert sent(fits) <= LAMBDA
    assert fitting({"statusCode": 200, "body": letter * (most + 1)}) == TOO_LARGE
    (error,) = json.loads(TOO_LARGE["body"])["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


@given(st.text(min_size=1, max_size=20))
def test_6_mb_no_short_body_is_too_large(text: str) -> None:
    body = json.dumps(text, ensure_ascii=False)
    assert sent(body) - 2 <= 4 * len(body) + text.count("\\") + 2
    assert SHORT * 5 <= LAMBDA


def test_6_mb_what_a_domain_function_answers_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains.container, "run", lambda work: {"statusCode": 200, "body": "x" * LAMBDA})
    event = {"path": "/v1/team/createTeam", "requestContext": {}}
    assert domains.team(event, None) == TOO_LARGE


def test_10_mb_a_request_that_we_take_is_smaller_than_all_that_carry_it() -> None:
    """In Lambda's event a character of the body may take six, and base64 a third more."""
    assert MAX_BODY_BYTES * 6 * 4 / 3 < LAMBDA < GATEWAY


def test_128_kb_a_message_and_what_is_around_it_goes_to_a_socket() -> None:
    result = "x" * (MOST_OF_A_MESSAGE - AROUND)
    for protocol in PROTOCOLS.values():
        assert len(protocol.next("i" * MAX_ID_BYTES, result).encode()) <= MAX_MESSAGE_BYTES == 128 * 1024


def test_256_kb_a_post_of_the_largest_result_fits_in_a_message_of_sqs() -> None:
    said, result = OutboundMessages("log:team:" + uuid4().hex), "x" * (MOST_OF_A_MESSAGE - AROUND)
    for number in range(MOST_RECIPIENTS * table_rows.BUCKETS):
        said.add(
            OperationKey(f"{number:015}=", "i" * MAX_ID_BYTES, uuid4().hex, "transport"), Kind.NEXT, result, "c" * 80
        )
    messages = said.take_all()
    assert len(messages) >= table_rows.BUCKETS
    assert max(len(message.body.encode()) for message in messages) < SQS


def test_32_kb_what_a_browser_says_fits_in_one_frame() -> None:
    """A browser sends a message as one frame, of which API Gateway takes 32 KB: ours leave nearly all of it."""
    for document in (*EXAMPLES, *DOCUMENTS.rglob("*.graphql")):
        message = {"id": uuid4().hex, "type": "subscribe", "payload": {"query": document.read_text(), "variables": {}}}
        assert len(json.dumps(message)) < FRAME / 8, document  # variables are up to the client


async def test_29_s_no_statement_outlives_the_answer_it_is_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.STATEMENT_SECONDS < 28
    assert deadlines.ANSWER_SECONDS < 28
    monkeypatch.setattr(pool, "STATEMENT_SECONDS", 2.0)  # for connecting too, which takes a busy machine a moment
    async with await open_pool(database_url, 1) as one:
        with pytest.raises(Away):
            await one.fetchval("SELECT pg_sleep(30)")


def test_10_min_a_silent_socket_hears_from_us_before_api_gateway_ends_it() -> None:
    assert Timeouts().idle + ROUND < SILENCE - ROUND / 2


def test_2_h_an_old_socket_is_warned_before_its_end_and_its_rows_outlive_it() -> None:
    assert Timeouts().lifetime + 2 * ROUND < LIFE
    assert timedelta(seconds=table_rows.LIFE + table_rows.MARGIN) > LIFE
