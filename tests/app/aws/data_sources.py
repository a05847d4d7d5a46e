"""AppSync's data sources as tests call them: an event of a field, and the dependencies of the functions."""

from dataclasses import replace
from typing import Any

import pytest

from app.aws.domains import DomainDependencies
from resolvers.identity import Identify
from tests.quest import Quest

HOST = "cognito-idp.us-east-1.amazonaws.com/us-east-1_aB3"
ISSUER = f"https://{HOST}"
ROLE = {"accountId": "111111111111", "userArn": "arn:aws:sts::111111111111:assumed-role/operator/i-1"}


def event(field: str, identity: Any, **headers: str) -> dict[str, Any]:
    """Return AppSync's event for a field of Query."""
    info = {"parentTypeName": "Query", "fieldName": field, "variables": {}, "selectionSetList": []}
    arguments = {"period": "WEEK"} if field == "teamsLeaderboard" else {}
    request = {"headers": headers, "domainName": None}
    base = {"identity": identity, "request": request, "prev": None, "stash": {}, "arguments": arguments}
    return {**base, "source": None, "info": {**info, "selectionSetGraphQL": ""}}


OF_APPSYNC = {
    **ROLE,
    "username": "AROA:i-1",
    "sourceIp": ["198.51.100.7"],
    "cognitoIdentityPoolId": None,
    "cognitoIdentityId": None,
    "cognitoIdentityAuthType": None,
    "cognitoIdentityAuthProvider": None,
}


@pytest.fixture
def parts(quest: Quest) -> DomainDependencies:
    """Return the dependencies of AppSync's data sources."""
    runtime = replace(quest.runtime, settings=replace(quest.runtime.settings, jwt_issuer=ISSUER))
    return DomainDependencies(runtime, Identify(runtime.identity, runtime.writer))
