"""The ASGI server on Fargate: at least two tasks, more with their sockets, drained when they are replaced."""

from typing import Final

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import SOCKETS_PER_TASK, TASK_CPU, TASK_MEMORY
from infra.constructs.alarms import NAMESPACE
from infra.constructs.function import log_group
from infra.constructs.mail_domain import let_mail, of_mail
from infra.constructs.permissions import allow, service_role
from infra.constructs.service import (
    let_ask_authorizer,
    let_read_edge_secret,
    let_upload,
    of_authorizer,
    of_edge,
    of_service,
)
from infra.constructs.stack import stack_of
from infra.constructs.telemetry_export import SPANS, goes_to_cloudwatch, of_telemetry
from infra.constructs.tiers import SERVER_PORT

DRAIN: Final = 120  # seconds for a task that stops to close its sockets (1001); the maximum
SETTINGS: Final = {  # variables, by the parameters they come from
    "MILEQUEST_DATABASE_URL": "data/writer-url",
    "MILEQUEST_DATABASE_READER_URL": "data/reader-url",
    "MILEQUEST_REDIS_URL": "data/cache-url",
    "MILEQUEST_JWT_ISSUER": "identity/issuer",
    "MILEQUEST_JWKS_URL": "identity/keys",
    "MILEQUEST_JWT_CLIENT_ID": "identity/clients",
}


class Servers(Construct):
    """A service of ECS behind a target group."""

    def __init__(self, scope: Construct, target_group: str) -> None:
        super().__init__(scope, "Servers")
        stack = stack_of(self)
        self.cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=stack.names.of("fleet"),
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")],
            capacity_providers=["FARGATE"],
        )
        self.service = ecs.CfnService(  # how many tasks is the scaling's: a number here would be set by each release
            self,
            "Service",
            service_name=stack.names.of("servers"),
            cluster=self.cluster.ref,
            task_definition=self._task().ref,
            launch_type="FARGATE",
            health_check_grace_period_seconds=60,
            deployment_configuration=ecs.CfnService.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
            ),
            network_configuration=ecs.CfnService.NetworkConfigurationProperty(
                awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                    subnets=stack.private_subnets(),
                    security_groups=[stack.shared("network/servers-group")],
                    assign_public_ip="DISABLED",
                )
            ),
            load_balancers=[
                ecs.CfnService.LoadBalancerProperty(
                    container_name="server", container_port=SERVER_PORT, target_group_arn=target_group
                )
            ],
        )
        self.service.node.add_dependency(*self._parameters)
        self._scale()

    def _task(self) -> ecs.CfnTaskDefinition:
        stack = stack_of(self)
        logs = log_group(self, "Logs", "fleet/servers")
        log_options = {
            "awslogs-group": logs.log_group_name,
            "awslogs-region": stack.region,
            "awslogs-stream-prefix": "server",
        }
        keys = {**SETTINGS, **self._own_settings()}
        arns = {name: stack.arn_of("ssm", f"parameter{stack.names.parameter(key)}") for name, key in keys.items()}
        container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(
            name="server",
            image=stack.shared("pipeline/server-image"),  # with its digest
            essential=True,
            readonly_root_filesystem=True,
            stop_timeout=DRAIN,
            port_mappings=[ecs.CfnTaskDefinition.PortMappingProperty(container_port=SERVER_PORT)],
            secrets=[ecs.CfnTaskDefinition.SecretProperty(name=name, value_from=arn) for name, arn in arns.items()],
            log_configuration=ecs.CfnTaskDefinition.LogConfigurationProperty(log_driver="awslogs", options=log_options),
        )
        return ecs.CfnTaskDefinition(
            self,
            "Task",
            family=stack.names.of("server"),
            cpu=str(TASK_CPU),
            memory=str(TASK_MEMORY),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=ecs.CfnTaskDefinition.RuntimePlatformProperty(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            execution_role_arn=self._starter(logs.log_group_arn, list(arns.values())).role_arn,
            task_role_arn=self._task_role().role_arn,
            container_definitions=[container],
        )

    def _own_settings(self) -> dict[str, str]:
        """Create parameters for settings that no other stack shares: all of a task's settings come from parameters."""
        stack = stack_of(self)
        given = {
            **of_service(stack),
            **of_authorizer(stack),
            **of_edge(stack),
            **of_mail(stack),
            **of_telemetry(stack),
            "MILEQUEST_HOST": "0.0.0.0",
            "MILEQUEST_TRUSTED_PROXIES": stack.where.cidr,  # the balancer, as whose all sockets would count otherwise
        }
        keys = {name: f"fleet/{name.removeprefix('MILEQUEST_').lower().replace('_', '-')}" for name in given}
        self._parameters = [stack.share(keys[name], value) for name, value in given.items()]
        return keys

    def _starter(self, logs: str, parameters: list[str]) -> iam.Role:
        """Return the role that pulls the image and reads the settings."""
        stack = stack_of(self)
        role = service_role(self, "Starter", "ecs-tasks")
        images = stack.arn_of("ecr", f"repository/{stack.names.of('server')}")
        allow(role, "ecr:GetAuthorizationToken", "*", because="A token of ECR is for all of it")
        allow(role, "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer", images)
        allow(role, "ssm:GetParameters", *parameters)
        allow(role, "logs:CreateLogStream logs:PutLogEvents", logs)
        return role

    def _task_role(self) -> iam.Role:
        """Return the role of the server itself."""
        stack = stack_of(self)
        role = service_role(self, "Role", "ecs-tasks")
        allow(role, "rds-db:connect", stack.shared("data/connect-arn"))
        allow(role, "elasticache:Connect", stack.shared("data/cache-arn"), stack.shared("data/cache-user-arn"))
        allow(role, "sqs:SendMessage", stack.arn_of("sqs", stack.names.queue("kicks")))
        if goes_to_cloudwatch(stack):
            allow(role, " ".join(SPANS), "*", because="Traces know no resource")
        let_ask_authorizer(role)
        let_read_edge_secret(role)
        let_upload(role)
        let_mail(role, stack)
        return role

    def _scale(self) -> None:
        """Scale the number of tasks by their sockets: connections of the balancer for each task."""
        stack = stack_of(self)
        sizes = stack.home.sizes
        target = scaling.CfnScalableTarget(
            self,
            "Tasks",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{self.cluster.ref}/{self.service.attr_name}",
            min_capacity=sizes.tasks_min,
            max_capacity=sizes.tasks_max,
        )
        policy = scaling.CfnScalingPolicy
        scaling.CfnScalingPolicy(
            self,
            "Load",
            policy_name="load",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=60,
                scale_in_cooldown=600,
                scale_out_cooldown=30,
                predefined_metric_specification=policy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="ECSServiceAverageCPUUtilization"
                ),
            ),
        )
        self._scale_by_sockets(target)

    def _scale_by_sockets(self, target: scaling.CfnScalableTarget) -> None:
        policy = scaling.CfnScalingPolicy
        metric = policy.CustomizedMetricSpecificationProperty(
            namespace=NAMESPACE,
            metric_name="SocketsPerServer",
            statistic="Average",
        )
        scaling.CfnScalingPolicy(
            self,
            "Sockets",
            policy_name="sockets",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=SOCKETS_PER_TASK,
                scale_in_cooldown=600,
                scale_out_cooldown=30,
                customized_metric_specification=metric,
            ),
        )
