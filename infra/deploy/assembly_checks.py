"""Checks of what is deployed: made of this environment's values as they are now, with the functions' code in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.deploy.cloud_assembly import Asset, CloudAssembly
from infra.deploy.deploy_checks import Finding
from infra.environments_file import own_file
from infra.home import Home

STAND_IN: Final = Path(__file__).resolve().parent.parent / "standin"
ANEW: Final = "make synth"
WITH_PACKAGES: Final = "make package, then MILEQUEST_PACKAGES=$PWD/packages make synth"


def faults(assembly: CloudAssembly, environment: Home) -> Iterator[Finding]:
    """Yield what is amiss with the templates: of another account, older than the operator's values, without code."""
    accounts = {stack.account for stack in assembly.stacks()}
    if others := sorted(accounts - {environment.account}):
        says = f"the templates are for account {', '.join(others)}, and {environment.name} is {environment.account}"
        yield Finding(says, ANEW)
    own = own_file()
    if own is not None and own.stat().st_mtime > assembly.manifest.stat().st_mtime:
        yield Finding(f"the templates are older than {own}", ANEW)
    if any(map(_is_stand_in, {asset for stack in assembly.stacks() for asset in stack.assets})):
        yield Finding("the functions have no code: templates were made without packages", WITH_PACKAGES)


def _is_stand_in(asset: Asset) -> bool:
    """Return whether an asset is the stand-in for a package."""
    files = [folder / "__init__.py" for folder in (asset.path, STAND_IN)]
    return files[0].is_file() and files[0].read_bytes() == files[1].read_bytes()
