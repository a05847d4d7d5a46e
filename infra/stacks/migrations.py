"""The migration to the newest schema, deployed and called before the code that needs it."""

from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.function import Function
from infra.constructs.packages import package
from infra.constructs.permissions import allow
from infra.constructs.stack import Stack


class Migrations(Stack):
    """A function in a stack of its own: in one with others it would be updated no sooner than they are."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        function = Function(
            self,
            "migrations",
            "app.aws.migrations.handler",
            "Brings the database to the newest schema",
            seconds=600,
            memory=environment.sizes.job_memory,
            in_network=True,
            variables={"MILEQUEST_DATABASE_URL": self.shared("data/writer-url")},
            code=package("migrations"),
        )
        allow(function.role, "rds-db:connect", self.shared("data/connect-arn"))
