"""Prints what the templates of a folder break: `python -m infra.rules cdk.out`. Fails if that is anything."""

import sys
from pathlib import Path

from infra.rules import findings
from infra.rules.synthesized import Templates, read_templates

if __name__ == "__main__":
    found = list(findings(Templates(read_templates(Path(sys.argv[1])))))
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    sys.exit(bool(found))
