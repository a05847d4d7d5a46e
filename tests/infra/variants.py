"""Staging with what an operator may add, and production with what may be left out: each in a folder of its own.

One process writes all, as it takes longer to load the CDK than to use it.
"""

import sys
from dataclasses import replace

from infra.app import write
from infra.config import PRODUCTION, STAGING, Features, Telemetry

ALONE = replace(  # production of who needs neither a second region, nor a proxy, nor servers of the stream, nor pages
    PRODUCTION,
    regions=(PRODUCTION.primary,),
    features=Features(proxy=False, fargate=False, dr=False, nat_per_zone=False),
)

if __name__ == "__main__":
    folder, repository, authorizer, collector = sys.argv[1:]
    staging = replace(STAGING, repository=repository)
    write(ALONE, folder=f"{folder}/alone")
    write(replace(staging, authorizer=authorizer), folder=f"{folder}/authorized")
    write(replace(staging, telemetry=Telemetry(share=0.05)), folder=f"{folder}/watched")
    write(replace(staging, telemetry=Telemetry(endpoint=collector, share=0.05)), folder=f"{folder}/traced")
