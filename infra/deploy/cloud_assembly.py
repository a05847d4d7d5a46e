"""The CDK's output, `cdk.out`: templates and their assets."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a template refers to, and where it is uploaded to."""

    path: Path
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class SynthesizedStack:
    """A stack: its name at CloudFormation, its template, its assets, and whether its deletion is prevented."""

    name: str
    account: str
    region: str
    template: Path
    assets: tuple[Asset, ...]
    is_protected: bool

    @property
    def template_asset(self) -> Asset:
        """The template itself, which is uploaded too: most are too large to be sent."""
        return next(asset for asset in self.assets if asset.path == self.template)


class CloudAssembly:
    """The stacks of one environment."""

    def __init__(self, folder: Path, environment: str) -> None:
        """Read them. Raises FileNotFoundError where there are none."""
        self.manifest = folder / "manifest.json"
        if not self.manifest.exists():
            says = f"there are no templates in {folder}: `make package`, then `make synth`, as the runbook says"
            raise FileNotFoundError(says)
        manifest = json.loads(self.manifest.read_text())["artifacts"]
        own = f"milequest-{environment}-"
        self._stacks = {
            (stack.region, stack.name.removeprefix(own)): stack
            for stack in _stacks(folder, manifest)
            if stack.name.startswith(own)
        }

    def known(self) -> Collection[tuple[str, str]]:
        """Return the region and the short name, such as `data`, of each stack."""
        return self._stacks.keys()

    def stacks(self) -> Collection[SynthesizedStack]:
        """Return all of them."""
        return self._stacks.values()

    def stack(self, region: str, name: str) -> SynthesizedStack:
        """Return a stack by its region and short name."""
        return self._stacks[region, name]


def _stacks(folder: Path, manifest: dict[str, Any]) -> Iterator[SynthesizedStack]:
    for id, artifact in manifest.items():
        if artifact["type"] == "aws:cloudformation:stack":
            given = artifact["properties"]
            account, region = artifact["environment"].split("/")[-2:]
            yield SynthesizedStack(
                given.get("stackName", id),
                account,
                region,
                folder / given["templateFile"],
                tuple(_assets(folder, folder / f"{id}.assets.json")),
                bool(given.get("terminationProtection")),
            )


def _assets(folder: Path, file: Path) -> Iterator[Asset]:
    for asset in json.loads(file.read_text())["files"].values():
        for place in asset["destinations"].values():
            yield Asset(folder / asset["source"]["path"], place["bucketName"], place["objectKey"])
