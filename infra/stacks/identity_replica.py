"""The user pool in the second region."""

from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.stack import Stack


class IdentityReplica(Stack):
    """The pool's replica: while the primary region is away people sign in, but neither sign up nor reset passwords."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        for other in environment.regions:
            if not other.primary:
                cognito.CfnUserPoolReplica(
                    self, f"Pool {other.short}", user_pool_id=self.shared("identity/pool"), region_name=other.name
                )
