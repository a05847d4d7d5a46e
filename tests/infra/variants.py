"""Staging with what an operator may add: like `infra.app`, with each addition in a folder of its own.

One process writes all, as it takes longer to load the CDK than to use it.
"""

import sys
from dataclasses import replace

from infra.app import write
from infra.config import STAGING, Telemetry

if __name__ == "__main__":
    folder, authorizer, collector = sys.argv[1:]
    write(replace(STAGING, authorizer=authorizer), folder=f"{folder}/authorized")
    write(replace(STAGING, telemetry=Telemetry(endpoint=collector, share=0.05)), folder=f"{folder}/traced")
