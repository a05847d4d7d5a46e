"""Invites by the deployed service: mailed to their addresses, whichever function makes them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import uuid4

import pytest

from tests.aws.deployment import Deployment
from tests.listening import dial

TEAM = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
INVITE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { url } }"
Maker: TypeAlias = Callable[[Deployment, str, dict[str, Any]], Awaitable[Any]]


async def by_graphql(deployment: Deployment, token: str, given: dict[str, Any]) -> Any:
    return (await asyncio.to_thread(deployment.data, INVITE, token, input=given))["createInvite"]


async def by_rest(deployment: Deployment, token: str, given: dict[str, Any]) -> Any:
    answer = await asyncio.to_thread(deployment.post, "v1/team/inviteMembers", {"input": given}, token)
    return answer.json()["data"]["createInvite"]


async def by_socket(deployment: Deployment, token: str, given: dict[str, Any]) -> Any:
    async with dial(deployment.socket_url, token) as connection:
        return await (await connection.subscribe(INVITE, input=given)).next()


@pytest.mark.parametrize("made", [by_graphql, by_rest, by_socket])
async def test_deployed_invite_is_mailed_to_its_address_before_the_answer(
    deployment: Deployment, ann: str, made: Maker
) -> None:
    token = uuid4().hex[:8]
    team = await asyncio.to_thread(deployment.data, TEAM, ann, input={"name": f"Mailed {token}"})
    email = f"ida-{token}@example.org"
    invite = await made(deployment, ann, {"teamId": team["createTeam"]["team"]["id"], "email": email})
    (mail,) = deployment.mails(email)
    assert invite["url"] in mail["BodyText"]
    assert mail["Source"] == f"no-reply@{deployment.names.environment.domain}"
