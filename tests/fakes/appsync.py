"""AppSync as its developer guide describes it: runs a document on the printed SDL, and calls a function for each field
that has a resolver, with the documented event. All other fields it reads by name from the parent's answer.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema, graphql, print_ast

from schema.appsync.printed import printed, resolved
from schema.build import build
from schema.info import FieldInfo

KNOWN = """
directive @aws_api_key on OBJECT | FIELD_DEFINITION
directive @aws_lambda on OBJECT | FIELD_DEFINITION
directive @aws_iam on OBJECT | FIELD_DEFINITION
directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
scalar AWSDate scalar AWSDateTime scalar AWSEmail scalar AWSJSON scalar AWSURL
"""
COGNITO: dict[str, Any] = {
    "sub": "…",
    "issuer": "…",
    "username": "…",
    "claims": {},
    "groups": None,
    "sourceIp": ["198.51.100.7"],
}

Invoke = Callable[[dict[str, Any]], Awaitable[Any]]


def event_of(
    info: GraphQLResolveInfo[Any], source: Any, arguments: dict[str, Any], token: str | None
) -> dict[str, Any]:
    """Return a direct Lambda resolver's event, key by key as documented."""
    selected = info.field_nodes[0].selection_set
    return {
        "arguments": arguments,
        "identity": COGNITO if token else None,
        "source": source,
        "request": {"headers": {"authorization": token} if token else {}, "domainName": None},
        "prev": None,
        "info": {
            "selectionSetList": FieldInfo(info).selection_set_list,
            "selectionSetGraphQL": print_ast(selected) if selected else "",
            "parentTypeName": info.parent_type.name,
            "fieldName": info.field_name,
            "variables": info.variable_values.coerced,
        },
        "stash": {},
    }


def sdl() -> GraphQLSchema:
    """Return the printed schema, valid as it is but for AppSync's own definitions."""
    return build_schema(KNOWN + printed(build()._schema))


async def run(document: str, invoke: Invoke, token: str | None = None, **variables: Any) -> dict[str, Any]:
    """Return a document's answer, all of it through JSON."""
    schema, with_resolver = sdl(), resolved(build()._schema)

    def resolver(kind: str) -> Any:
        async def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            event = json.loads(json.dumps(event_of(info, source, arguments, token)))
            return json.loads(json.dumps(await invoke(event)))

        return resolve

    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                if f"{kind.name}.{name}" in with_resolver:
                    field.resolve = resolver(kind.name)
    result = await graphql(schema, document, variable_values=variables)
    return json.loads(json.dumps(result.formatted))  # type: ignore[no-any-return]  # JSON is anything
