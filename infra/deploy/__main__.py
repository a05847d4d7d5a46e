"""The command `python -m infra.deploy`: tells of an operator's values that cannot be, before it does anything."""

import sys

from infra.environments_file import ConfigError

try:
    from infra.deploy.deploying import main
except ConfigError as error:  # the environments are made as they are imported
    print(f"error: {error}")
    sys.exit(1)

if __name__ == "__main__":
    sys.exit(main())
