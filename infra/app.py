"""Every stack of every environment: `python -m infra.app` writes them to cdk.out, or CDK_OUTDIR."""

import sys

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.config import ENVIRONMENTS, Environment
from infra.constructs.stack import Stack
from infra.stacks.account import Account
from infra.stacks.api import Api
from infra.stacks.backup import Backup
from infra.stacks.chat import Chat
from infra.stacks.data import Data
from infra.stacks.delivery_pipeline import Pipeline
from infra.stacks.edge import Edge
from infra.stacks.events import Events
from infra.stacks.fleet import Fleet
from infra.stacks.global_ import Global
from infra.stacks.identity import Identity
from infra.stacks.insight import Insight
from infra.stacks.jobs import Jobs
from infra.stacks.lake import Lake
from infra.stacks.live import Live
from infra.stacks.migrations import Migrations
from infra.stacks.money import Money
from infra.stacks.network import Network
from infra.stacks.recovery import Recovery
from infra.stacks.starter import Starter
from infra.stacks.state import State
from infra.stacks.watch import Watch
from infra.stacks.web import Web
from infra.starter_environment import STARTER, StarterEnvironment

CONTEXT = {
    "aws:cdk:enable-path-metadata": False,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,  # instead of ACLs, which buckets no longer have
    "@aws-cdk/aws-iam:minimizePolicies": True,
}

EVERYWHERE: tuple[type[Stack], ...] = (
    Account,
    Network,
    Global,
    Data,
    State,
    Events,
    Backup,
    Migrations,
    Api,
    Live,
    Jobs,
    Pipeline,
    Fleet,
    Recovery,
    Watch,
)
"""Stacks of each region, in the order in which they are deployed."""

ONCE: tuple[type[Stack], ...] = (Identity, Lake, Edge, Web, Money, Chat, Insight)
"""Stacks of the primary region."""


def build(app: cdk.App, environment: Environment) -> None:
    """Create all stacks of an environment: those of servers and pages only if it has any."""
    without = {*(() if environment.features.fargate else (Fleet,)), *(() if environment.repository else (Web,))}
    for region in environment.regions:
        for stack in (*EVERYWHERE, *(ONCE if region.primary else ())):
            if stack not in without:
                stack(app, environment, region)


def write(*environments: Environment | StarterEnvironment, folder: str | None = None) -> None:
    """Write the templates. A finding of cdk-nag that is not acknowledged fails it, with the templates written."""
    app = cdk.App(analytics_reporting=False, context=CONTEXT, outdir=folder)
    for environment in environments:
        if isinstance(environment, StarterEnvironment):
            Starter(app, environment)
        else:
            build(app, environment)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    app.synth()


ALL: tuple[Environment | StarterEnvironment, ...] = (*ENVIRONMENTS, STARTER)

if __name__ == "__main__":
    write(*(one for one in ALL if not sys.argv[1:] or one.name in sys.argv[1:]))
