"""Commands of the runbook, run by a shell in which programs write down what they are called with."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from botocore.session import Session

PROGRAMS = ("aws", "bin/milequest", "curl", "sleep")
WRITE = """#!/bin/sh
python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$(basename "$0")" "$@" >> "$CALLED"
"""
CUSTOM = {("logs", "tail"): {"since", "filter-pattern", "format"}}  # of AWS's command line itself, in no API
GLOBAL = {"query", "output", "region", "no-cli-pager", "cli-binary-format"}
_session = Session()


def calls(commands: str, folder: Path) -> list[list[str]]:
    """Return the calls that a shell makes of some commands, each with the program's name first."""
    for program in PROGRAMS:
        path = folder / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(WRITE)
        path.chmod(0o755)
    called = folder / "called"
    called.write_text("")
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLED": str(called)}
    ran = subprocess.run(
        ["bash", "-uec", commands], cwd=folder, env=environ, text=True, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in called.read_text().splitlines()]


def faults(call: Sequence[str]) -> Iterator[str]:
    """Yield what AWS's command line would not take of a call: an unknown operation, or an unknown option of it."""
    if call[0] != "aws":
        return
    _, service, operation, *options = call
    given = {one.removeprefix("--") for one in options if one.startswith("--")} - GLOBAL
    known = CUSTOM.get((service, operation))
    if known is None:
        model = _session.get_service_model(service.removesuffix("api"))  # s3api, as s3 has commands of its own
        names = {_dashed(name): name for name in model.operation_names}
        if operation not in names:
            yield f"{service} has no {operation}"
            return
        shape = model.operation_model(names[operation]).input_shape
        known = {_dashed(name) for name in (shape.members if shape else ())}
        known |= {f"no-{name}" for name in known} | {"page-size"}
    for name in given - known:
        yield f"{service} {operation} takes no --{name}"


def _dashed(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name, "-"))
