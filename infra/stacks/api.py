"""The REST API."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as rest
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.canary import Canaries
from infra.constructs.function import Function
from infra.constructs.mail_domain import let_mail, of_mail
from infra.constructs.packages import package
from infra.constructs.permissions import acknowledge
from infra.constructs.service import (
    data_function,
    let_ask_authorizer,
    let_read_edge_secret,
    let_sign_in,
    let_upload,
    of_edge,
    token_environment,
)
from infra.constructs.stack import Stack
from infra.constructs.stage import stage_options

DOMAINS = {
    "auth": ("login", "register", "refresh"),
    "team": ("createTeam", "updateTeam", "inviteMembers"),
    "activity": ("logActivity", "aggregateProgress"),  # syncActivity comes with the providers
    "map": ("calculateRoute", "geocodeAddress"),
}
OPEN = ("livez", "readyz", "standbyz")  # health checks send no token
COMPRESSED_FROM = 1_024  # bytes
READABLE = {"Access-Control-Allow-Origin": "'*'"}  # by pages of any origin: such a response holds nobody's data
DENIED = '{"errors":[{"message":"Sign in again.","extensions":{"code":"UNAUTHENTICATED"}}]}'


class Api(Stack):
    """The REST API, its authorizer, and the functions behind it: one for GraphQL, one for each domain."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self.api = self._api()
        self.authorizer = self._authorizer()
        self._graphql()
        self._domains()
        Canaries(self)
        self.share("api/id", self.api.rest_api_id)

    def _api(self) -> rest.RestApi:
        api = rest.RestApi(
            self,
            "Api",
            rest_api_name=self.names.of("api"),
            description=f"Mile Quest's REST API of {self.home.name}",
            endpoint_types=[rest.EndpointType.REGIONAL],
            cloud_watch_role=False,
            binary_media_types=[],
            min_compression_size=cdk.Size.bytes(COMPRESSED_FROM),  # CloudFront compresses only what it may keep
            deploy_options=stage_options(self, "AccessLogs", "api/access"),
        )
        api.add_gateway_response(  # clients request new tokens at a 401, and a denial is always of a token
            "Denied",
            type=rest.ResponseType.ACCESS_DENIED,
            status_code="401",
            templates={"application/json": DENIED},
            response_headers=READABLE,
        )
        for name, kind in {"4XX": rest.ResponseType.DEFAULT_4_XX, "5XX": rest.ResponseType.DEFAULT_5_XX}.items():
            api.add_gateway_response(f"Default{name}", type=kind, response_headers=READABLE)
        acknowledge(api, "AwsSolutions-APIG2", "GraphQL and our own functions check what comes in")
        acknowledge(api.deployment_stage, "CKV_AWS_120", "Answers are of whoever asks, and not to be given to others")
        acknowledge(api, "AwsSolutions-APIG3", "The WAF stands before it, at CloudFront")
        return api

    def _authorizer(self) -> rest.RequestAuthorizer:
        """Return the authorizer, called for each request.

        An identity source or a cache would refuse requests without a token before our code.
        """
        function = Function(
            self,
            "authorizer",
            "app.aws.token_authorizer.handler",
            "Says whether a request came through CloudFront, and whether its token is good",
            seconds=10,
            variables={**token_environment(self), **of_edge(self)},
            urgency="page",
        )
        let_read_edge_secret(function.role)
        return rest.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function.alias,
            identity_sources=[],
            results_cache_ttl=cdk.Duration.seconds(0),
        )

    def _graphql(self) -> None:
        function = data_function(
            self,
            "api",
            "app.aws.api.handler",
            "Answers GraphQL and what else is asked by HTTP",
            memory=self.home.sizes.api_memory,
            urgency="page",
            variables={"MILEQUEST_COGNITO_POOL": self.shared("identity/pool"), **of_mail(self)},
        )
        let_sign_in(function)
        let_mail(function.role, self)
        let_ask_authorizer(function.role)
        let_upload(function.role)
        for path, verbs in {"graphql": ("ANY",), "routes/{id}": ("GET", "OPTIONS")}.items():
            for verb in verbs:
                self._method(path, verb, function)
        for path in (".well-known/jwks.json", *OPEN):
            self._method(path, "GET", function, is_open=True)
        self._signed(function)

    def _signed(self, function: Function) -> None:
        """Add GraphQL for the operator's own machines: roles with the policy call it by their signature."""
        integration = rest.LambdaIntegration(function.alias, allow_test_invoke=False)
        resource = self.api.root.resource_for_path("graphql/iam")
        method = resource.add_method("POST", integration, authorization_type=rest.AuthorizationType.IAM)
        acknowledge(method, "AwsSolutions-COG4", "Roles sign their requests; they are no users of the pool")
        policy = iam.ManagedPolicy(
            self,
            "Callers",
            managed_policy_name=f"{self.names.of('callers')}-{self.region}",
            description="May ask the API as a machine of the operator's",
            statements=[iam.PolicyStatement(actions=["execute-api:Invoke"], resources=[method.method_arn])],
        )
        self.share("api/callers-policy", policy.managed_policy_arn)

    def _domains(self) -> None:
        for name, functions in DOMAINS.items():
            function = data_function(
                self,
                name,
                f"app.aws.domains.{name}",
                f"Runs {', '.join(functions)}, and is AppSync's source of them",
                memory=self.home.sizes.api_memory,
                code=package("places") if name == "map" else None,
                variables=self._of_domain(name),
            )
            if name == "auth":
                let_sign_in(function)
            let_ask_authorizer(function.role)
            if name == "team":
                let_upload(function.role)  # as AppSync's source of the pictures' mutations
                let_mail(function.role, self)  # of invites
            for each in functions:
                for verb in ("POST", "OPTIONS"):
                    self._method(f"v1/{name}/{each}", verb, function)

    def _of_domain(self, name: str) -> dict[str, str]:
        if name == "map":
            return {"MILEQUEST_DATA_DIR": "places", "MILEQUEST_PLACES_FROM": "15000"}
        if name == "team":
            return of_mail(self)
        return {"MILEQUEST_COGNITO_POOL": self.shared("identity/pool")} if name == "auth" else {}

    def _method(self, path: str, verb: str, function: Function, *, is_open: bool = False) -> None:
        integration = rest.LambdaIntegration(function.alias, allow_test_invoke=False)
        resource = self.api.root.resource_for_path(path)
        if is_open:
            method = resource.add_method(verb, integration)
            for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4", "CKV_AWS_59"):
                acknowledge(method, rule, "Health checks and those who check our tokens bring no token")
            return
        method = resource.add_method(
            verb, integration, authorizer=self.authorizer, authorization_type=rest.AuthorizationType.CUSTOM
        )
        acknowledge(
            method, "AwsSolutions-COG4", "The diagrams have an authorizer of our own, which lets anonymous callers in"
        )
