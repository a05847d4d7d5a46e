"""The server of the starter environment: one task with the product's own process, Valkey beside it, its files kept."""

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.constructs.database import USER
from infra.constructs.function import log_group
from infra.constructs.mail_domain import let_mail, of_mail
from infra.constructs.permissions import acknowledge, allow, service_role
from infra.constructs.stack import HomeStack
from infra.constructs.starter_database import StarterDatabase
from infra.constructs.starter_network import StarterNetwork
from infra.constructs.tiers import SERVER_PORT
from infra.constructs.versions import VALKEY_IMAGE
from infra.names import SERVER_IMAGE
from infra.starter_environment import StarterEnvironment

NOBODY: Final = "65534"  # the user of the image
PICTURES: Final = "/milequest/.milequest/pictures"
VALKEY_MB: Final = 128
DRAIN: Final = 120  # seconds for a task that stops to close its sockets (1001); the maximum

Definition = ecs.CfnTaskDefinition
Container = ecs.CfnTaskDefinition.ContainerDefinitionProperty


class StarterServer:
    """A service of ECS. Before its server starts, a task makes the database's role and migrates, as the same image."""

    def __init__(
        self, stack: HomeStack, environment: StarterEnvironment, network: StarterNetwork, database: StarterDatabase
    ) -> None:
        self._stack, self._environment, self._database = stack, environment, database
        self.logs = log_group(stack, "Logs", "server")
        self._files = self._keep_files(network)
        self._keys = self._key_secret()
        self._role = self._task_role()
        self.cluster = ecs.CfnCluster(
            stack,
            "Cluster",
            cluster_name=stack.names.of("fleet"),
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="disabled")],
        )
        for rule in ("CKV_AWS_65", "AwsSolutions-ECS4"):
            acknowledge(self.cluster, rule, "Its metrics would cost a third of the whole; ECS's own two suffice")
        self.task = self._task()
        self.service = self._service(network)

    def serve(self, group: str, listener: cdk.CfnResource) -> None:
        """Put the service behind a target group, once its listener is there."""
        self.service.load_balancers = [
            ecs.CfnService.LoadBalancerProperty(
                container_name="server", container_port=SERVER_PORT, target_group_arn=group
            )
        ]
        self.service.node.add_dependency(listener)

    def _keep_files(self, network: StarterNetwork) -> efs.AccessPoint:
        """Create the file system of pictures: they outlive a task, and are in AWS Backup's daily copies."""
        files = efs.FileSystem(
            self._stack,
            "Files",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=network.inner),
            security_group=network.groups["files"],
            encrypted=True,
            enable_automatic_backups=True,
            throughput_mode=efs.ThroughputMode.ELASTIC,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(files, "CKV_AWS_184", "They are public pictures, and EFS's own key costs nothing")
        self.files = files
        return files.add_access_point(
            "Pictures",
            path="/pictures",
            create_acl=efs.Acl(owner_gid=NOBODY, owner_uid=NOBODY, permissions="750"),
            posix_user=efs.PosixUser(gid=NOBODY, uid=NOBODY),
        )

    def _key_secret(self) -> secretsmanager.Secret:
        """Create the secret of the built-in sign-in: 44 letters and digits are 33 bytes in base64."""
        secret = secretsmanager.Secret(
            self._stack,
            "Keys",
            secret_name=self._stack.names.of("keys"),
            description="Encrypts the keys by which tokens are signed",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=44, exclude_punctuation=True),
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(secret, "CKV_AWS_149", "Secrets Manager's own key does, and costs nothing")
        acknowledge(secret, "AwsSolutions-SMG4", "Another one would sign everybody out: the page on settings says how")
        return secret

    def settings(self) -> dict[str, str]:
        """Return the settings of the process that are no secret."""
        names = self._stack.names
        return {
            "MILEQUEST_DATABASE_URL": self._database.url,
            "MILEQUEST_REDIS_URL": "redis://127.0.0.1:6379/0",
            "MILEQUEST_HOST": "0.0.0.0",
            "MILEQUEST_PUBLIC_URL": f"https://{names.host('api')}",
            "MILEQUEST_ALLOWED_ORIGINS": f"https://{self._environment.domain}",
            "MILEQUEST_TRUSTED_PROXIES": self._stack.where.cidr,
            "MILEQUEST_EDGE_SECRET": names.of("origin"),
            **of_mail(self._stack),
        }

    def _task(self) -> ecs.CfnTaskDefinition:
        image = self._stack.shared(SERVER_IMAGE)  # with its digest
        files = self.files.file_system_id
        volume = Definition.VolumeProperty(
            name="pictures",
            efs_volume_configuration=Definition.EFSVolumeConfigurationProperty(
                filesystem_id=files,
                transit_encryption="ENABLED",
                authorization_config=Definition.AuthorizationConfigProperty(
                    access_point_id=self._files.access_point_id, iam="ENABLED"
                ),
            ),
        )
        definition = Definition(
            self._stack,
            "Task",
            family=self._stack.names.of("server"),
            cpu=str(self._environment.cpu),
            memory=str(self._environment.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=Definition.RuntimePlatformProperty(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            execution_role_arn=self._starter().role_arn,
            task_role_arn=self._role.role_arn,
            volumes=[volume],
            container_definitions=[*self._preparing(image), self._valkey(), self._server(image)],
        )
        acknowledge(definition, "AwsSolutions-ECS2", "No value of its environment is a secret: those are named apart")
        return definition

    def _preparing(self, image: str) -> tuple[ecs.CfnTaskDefinition.ContainerDefinitionProperty, ...]:
        """Return the containers that end before the server starts: they make the role and migrate."""
        secret = Definition.SecretProperty(name="MILEQUEST_DATABASE_URL", value_from=self._database.master_url.ref)
        role = self._container("role", image, command=["bin/milequest", "role", USER], secrets=[secret])
        settings = _pairs({"MILEQUEST_DATABASE_URL": self._database.url})
        migrate = self._container(
            "migrate", image, command=["bin/milequest", "migrate"], environment=settings, after={"role": "SUCCESS"}
        )
        return role, migrate

    def _valkey(self) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        """Return Valkey, which keeps only what can be made again, and is reached from this task alone."""
        limits = ["--maxmemory", f"{VALKEY_MB}mb", "--maxmemory-policy", "volatile-ttl"]
        return self._container(
            "valkey",
            VALKEY_IMAGE,
            command=["valkey-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *limits],
            health=["CMD", "valkey-cli", "ping"],
            essential=True,
        )

    def _server(self, image: str) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        return self._container(
            "server",
            image,
            environment=_pairs(self.settings()),
            secrets=[Definition.SecretProperty(name="MILEQUEST_KEY_SECRET", value_from=self._keys.secret_arn)],
            after={"migrate": "SUCCESS", "valkey": "HEALTHY"},
            essential=True,
            stop_timeout=DRAIN,
            port_mappings=[Definition.PortMappingProperty(container_port=SERVER_PORT)],
            mount_points=[Definition.MountPointProperty(container_path=PICTURES, source_volume="pictures")],
        )

    def _container(
        self,
        name: str,
        image: str,
        *,
        after: dict[str, str] | None = None,
        health: list[str] | None = None,
        essential: bool = False,
        **given: Any,
    ) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        options = {
            "awslogs-group": self.logs.log_group_name,
            "awslogs-region": self._stack.region,
            "awslogs-stream-prefix": name,
        }
        waits = [
            Definition.ContainerDependencyProperty(container_name=other, condition=condition)
            for other, condition in (after or {}).items()
        ]
        return Container(
            name=name,
            image=image,
            essential=essential,
            readonly_root_filesystem=True,
            depends_on=waits or None,
            health_check=Definition.HealthCheckProperty(command=health, interval=5, retries=5) if health else None,
            log_configuration=Definition.LogConfigurationProperty(log_driver="awslogs", options=options),
            **given,
        )

    def _service(self, network: StarterNetwork) -> ecs.CfnService:
        """Return the service: a new task is healthy before the old one ends, so a release stops nothing."""
        service = ecs.CfnService
        made = service(
            self._stack,
            "Service",
            service_name=self._stack.names.of("server"),
            cluster=self.cluster.ref,
            task_definition=self.task.ref,
            desired_count=1,
            launch_type="FARGATE",
            health_check_grace_period_seconds=300,
            deployment_configuration=service.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=service.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
            ),
            network_configuration=service.NetworkConfigurationProperty(
                awsvpc_configuration=service.AwsVpcConfigurationProperty(
                    subnets=[one.subnet_id for one in network.public],
                    security_groups=[network.groups["server"].security_group_id],
                    assign_public_ip="ENABLED",  # for its way out; its group admits the load balancer alone
                )
            ),
        )
        made.node.add_dependency(self.files.mount_targets_available, self._role, self._database.instance)
        made.node.add_dependency(*network.public)  # with their route out, by which the image comes
        acknowledge(
            made, "CKV_AWS_333", "Without NAT: the address is for its way out, and its group admits nobody else"
        )
        return made

    def _starter(self) -> iam.Role:
        """Return the role that pulls the images and reads the secrets."""
        stack = self._stack
        role = service_role(stack, "Starter", "ecs-tasks")
        images = stack.arn_of("ecr", f"repository/{stack.names.bootstrap_images}")
        allow(role, "ecr:GetAuthorizationToken", "*", because="A token of ECR is for all of it")
        allow(role, "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer", images)
        allow(role, "secretsmanager:GetSecretValue", self._keys.secret_arn, self._database.master_url.ref)
        allow(role, "logs:CreateLogStream logs:PutLogEvents", self.logs.log_group_arn)
        return role

    def _task_role(self) -> iam.Role:
        """Return the role of the server itself."""
        stack = self._stack
        role = service_role(stack, "Role", "ecs-tasks")
        allow(role, "rds-db:connect", self._database.who)
        secret = stack.arn_of("secretsmanager", f"secret:{stack.names.of('origin')}-??????")
        allow(role, "secretsmanager:GetSecretValue", secret)
        let_mail(role, stack)
        allow(role, "elasticfilesystem:ClientMount elasticfilesystem:ClientWrite", self.files.file_system_arn)
        return role


def _pairs(values: dict[str, str]) -> list[ecs.CfnTaskDefinition.KeyValuePairProperty]:
    return [Definition.KeyValuePairProperty(name=name, value=value) for name, value in values.items()]
