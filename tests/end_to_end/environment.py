"""An environment as its clients reach it: by its public addresses, with an address and a password."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.synthetic_client import FOUND, SIGN_IN, TEAMS, Target

PATIENCE = 60.0  # seconds an answer may take where functions start
TEAM = "End to end"


@dataclass(frozen=True, slots=True)
class Environment(Target):
    """Addresses of an environment, and who uses it."""

    def post(self, query: str, token: str | None, **variables: Any) -> httpx.Response:
        """Send one operation."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        return httpx.post(f"{self.url}/graphql", json=body, headers=headers, timeout=PATIENCE)

    def data(self, query: str, token: str | None, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation that must work."""
        answer = self.post(query, token, **variables)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def sign_in(self) -> str:
        """Return an access token."""
        given = {"email": self.email, "password": self.password}
        return str(self.data(SIGN_IN, None, input=given)["signIn"]["session"]["accessToken"])

    def own_team(self, token: str) -> str:
        """Return the id of the user's team, which is founded if need be."""
        memberships = self.data(TEAMS, token)["viewer"]["memberships"]
        for membership in memberships:
            if membership["team"]["name"] == TEAM:
                return str(membership["team"]["id"])
        return str(self.data(FOUND, token, input={"name": TEAM})["createTeam"]["team"]["id"])
