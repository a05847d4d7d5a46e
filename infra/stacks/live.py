"""The WebSocket API."""

from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.canary import Canaries
from infra.constructs.function import Function, log_group
from infra.constructs.mail_domain import let_mail, of_mail
from infra.constructs.permissions import acknowledge, allow
from infra.constructs.service import (
    data_function,
    let_ask_authorizer,
    let_cache,
    let_publish,
    let_sockets,
    let_upload,
    of_bus,
    of_data,
    of_sockets,
    queue_arn,
    token_environment,
)
from infra.constructs.stack import Stack
from infra.constructs.stream import follow
from infra.names import STAGE
from infra.queues import LINES

WHO_LISTENS = {  # of the table's stream: added and deleted rows. Modifications change no count
    "eventName": ["INSERT", "REMOVE"],
    "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "CONNECTIONS#"}, {"prefix": "LISTENERS#"}]}}},
}
ROW_LIFE = 8_100  # seconds, of subscriptions/apigateway/table_rows.py; a test compares them


class Live(Stack):
    """The WebSocket API, the functions of its routes, and those behind its queues."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self.api = gateway.CfnApi(
            self,
            "Api",
            name=self.names.of("live"),
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.type",
        )
        self.url = f"https://{self.api.ref}.execute-api.{self.region}.amazonaws.com/{STAGE}"
        self.sockets = {"MILEQUEST_LIVE_SOCKETS_URL": self.url, **of_sockets(self)}
        self._doors()
        self._workers()
        self._interest()
        Canaries(self)
        self._stage()
        self.share("live/id", self.api.ref)
        self.share("live/sockets-url", self.url)

    def _doors(self) -> None:
        """Create the routes' functions; the two that only write rows load no GraphQL."""
        says = {"connect": "Lets a client in", "disconnect": "Forgets a client"}
        for name, what in says.items():
            function = Function(
                self,
                name,
                f"app.aws.socket_lifecycle.{name}",
                what,
                in_network=True,
                urgency="page" if name == "connect" else "ticket",
                variables={**of_data(self), **token_environment(self), **self.sockets},
            )
            allow(function.role, "rds-db:connect", self.shared("data/connect-arn"))
            if name == "connect":
                let_ask_authorizer(function.role)
            let_sockets(function)
            self._route(f"${name}", function, authorized=name == "connect")
        function = data_function(
            self,
            "message",
            "app.aws.live.default",
            "Does what a message asks for",
            memory=self.home.sizes.api_memory,
            urgency="page",
            variables={**self.sockets, **of_mail(self)},
        )
        let_sockets(function, "news")
        let_ask_authorizer(function.role)
        let_upload(function.role)
        let_mail(function.role, self)  # mutations run over sockets too
        self._let_speak(function)
        self._route("$default", function)

    def _workers(self) -> None:
        """Create the functions behind the queues. The poster is outside of the VPC, where the sockets are reachable."""
        planner = self._worker("planner", "fan_out", "Works out what groups are to hear", "news")
        let_sockets(planner, "posts", "later")
        relay = self._worker("relay", "relay_commits", "Wakes the groups whose logs have grown, tells the bus", "kicks")
        let_sockets(relay, "news", "posts")  # it ends subscriptions of sessions that have just ended
        self._let_speak(relay)
        let_publish(relay)
        for name, handler, says, queue in (
            ("poster", "send", "Sends to sockets", "posts"),
            ("later", "redeliver", "Hands on what had to wait", "later"),
        ):
            function = Function(
                self,
                name,
                f"app.aws.live.{handler}",
                says,
                seconds=LINES[queue].seconds,
                memory=self.home.sizes.job_memory,
                urgency="page",
                variables={"MILEQUEST_REDIS_URL": "redis://nowhere:6379", **token_environment(self), **self.sockets},
            )
            let_sockets(function, *(("later",) if name == "poster" else ("news", "posts")))
            self._let_speak(function)
            self._feed(function, queue)

    def _worker(self, name: str, handler: str, says: str, queue: str) -> Function:
        function = data_function(
            self,
            name,
            f"app.aws.live.{handler}",
            says,
            seconds=LINES[queue].seconds,
            memory=self.home.sizes.job_memory,
            urgency="page",
            variables={**self.sockets, **(of_bus(self) if name == "relay" else {})},
        )
        self._feed(function, queue)
        return function

    def _feed(self, function: Function, queue: str) -> None:
        """Have a function consume a queue. Failed messages are retried alone."""
        steps = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility"
        allow(function.role, steps, queue_arn(self, queue))
        most = self.home.limits.reserved.get(function.name)  # the mapping knows nothing of it, and would be throttled
        mapping = lambda_.CfnEventSourceMapping(
            function,
            "Feed",
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=most)
            if most
            else None,
            function_name=function.alias.function_arn,
            event_source_arn=queue_arn(self, queue),
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
        )
        mapping.node.add_dependency(function.role)
        acknowledge(mapping, "Serverless-LambdaEventSourceMappingDestination", "A queue has its own dead letters")

    def _interest(self) -> None:
        """Create the function that copies the table's stream to the cache."""
        function = Function(
            self,
            "interest",
            "app.aws.interest.handler",
            "Keeps in Valkey who listens to what",
            in_network=True,
            variables={"MILEQUEST_REDIS_URL": self.shared("data/cache-url")},
        )
        let_cache(function.role)
        follow(function, self.shared("state/live-stream"), WHO_LISTENS, life=ROW_LIFE)

    def _let_speak(self, function: Function) -> None:
        """Let a function send to sockets and close them."""
        connections = self.arn_of("execute-api", f"{self.api.ref}/{STAGE}/*/@connections/*")
        allow(function.role, "execute-api:ManageConnections", connections, because="Connections come and go")

    def _route(self, key: str, function: Function, *, authorized: bool = False) -> None:
        integration = gateway.CfnIntegration(
            self,
            f"{function.name}-integration",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=self._invocations(function.alias.function_arn),
        )
        route = gateway.CfnRoute(
            self,
            f"{function.name}-route",
            api_id=self.api.ref,
            route_key=key,
            target=f"integrations/{integration.ref}",
            authorization_type="CUSTOM" if authorized else "NONE",
            authorizer_id=self._authorizer() if authorized else None,
        )
        if not authorized:
            acknowledge(route, "AwsSolutions-APIG4", "Only a connection that was let in gets there")
        function.alias.add_permission(
            f"route {key}", principal=iam.ServicePrincipal("apigateway.amazonaws.com"), source_arn=self._any_of_api()
        )

    def _authorizer(self) -> str:
        """Return the REST API's authorizer, which serves this one too."""
        arn = self.arn_of("lambda", f"function:{self.names.of('authorizer')}:live")
        lambda_.CfnPermission(
            self,
            "AuthorizerPermission",
            action="lambda:InvokeFunction",
            function_name=arn,
            principal="apigateway.amazonaws.com",
            source_arn=self._any_of_api(),
        )
        return str(
            gateway.CfnAuthorizer(
                self,
                "Authorizer",
                api_id=self.api.ref,
                name=self.names.of("authorizer"),
                authorizer_type="REQUEST",
                identity_source=[],
                authorizer_uri=self._invocations(arn),
            ).ref
        )

    def _stage(self) -> None:
        logs = log_group(self, "AccessLogs", "live/access")
        stage = gateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.ref,
            stage_name=STAGE,
            auto_deploy=True,
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=logs.log_group_arn,
                format='{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status"}',
            ),
            default_route_settings=gateway.CfnStage.RouteSettingsProperty(
                logging_level="ERROR",
                detailed_metrics_enabled=True,
                throttling_rate_limit=self.home.limits.socket_rate,
                throttling_burst_limit=self.home.limits.socket_rate * 2,
            ),
        )
        for child in self.node.children:
            if isinstance(child, gateway.CfnRoute):
                stage.add_resource_dependency(child)

    def _invocations(self, function: str) -> str:
        return f"arn:{self.partition}:apigateway:{self.region}:lambda:path/2015-03-31/functions/{function}/invocations"

    def _any_of_api(self) -> str:
        return self.arn_of("execute-api", f"{self.api.ref}/*")
