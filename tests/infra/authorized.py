"""Staging with an operator's own function that decides about other tokens: like `infra.app`, with its name."""

import sys
from dataclasses import replace

from infra.app import write
from infra.config import STAGING

if __name__ == "__main__":
    write(replace(STAGING, authorizer=sys.argv[1]))
