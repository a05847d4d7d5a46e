"""All environments like `infra.app`, with a repository of pages, which an operator names."""

import sys
from dataclasses import replace

from infra.app import write
from infra.config import ENVIRONMENTS
from infra.starter_environment import STARTER

if __name__ == "__main__":
    write(*(replace(one, repository=sys.argv[1]) for one in ENVIRONMENTS), STARTER)
