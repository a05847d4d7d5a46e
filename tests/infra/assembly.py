"""The CDK's output, read as plain JSON, so that tests need nothing of the CDK."""

import json
import subprocess
from pathlib import Path

from app.environment import INFRA_LOCK, tools
from infra.rules.synthesized import Resource, Templates, read_templates
from milequest.settings import PROJECT
from tests.tiers import needs

__all__ = ["Assembly", "Resource", "run_tool"]


class Assembly(Templates):
    """The folder of templates."""

    def __init__(self, folder: Path) -> None:
        super().__init__(read_templates(folder))
        self.folder = folder

    def findings(self) -> list[str]:
        """Return the findings of cdk-nag or CloudFormation's own rules that are not acknowledged."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        return [
            f"{found['ruleName']} {construct['constructPath']}"
            for plugin in report["pluginReports"]
            for found in plugin["violations"]
            for construct in found["violatingConstructs"]
        ]

    def acknowledged(self) -> dict[str, set[str]]:
        """Return the reasons that are given for each rule."""
        reasons: dict[str, set[str]] = {}
        for file in self.folder.glob("*.metadata.json"):
            for entries in json.loads(file.read_text()).values():
                for entry in entries:
                    if entry["type"] == "aws:cdk:acknowledged-rules":
                        for rule, reason in entry["data"].items():
                            name = rule.removeprefix("Annotation::").partition("[")[0]
                            reasons.setdefault(name, set()).add(reason)
        return reasons


def run_tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the Python that has the CDK."""
    needs("aws")
    return subprocess.run(
        [tools("infra", INFRA_LOCK), *arguments], cwd=PROJECT, text=True, capture_output=True, check=False
    )
