"""Deploys synthesized stacks to a local AWS: `… ENDPOINT CDK_OUT VALUES.json ENVIRONMENT REGION [WITHOUT …]`.

Run by the interpreter that has the local AWS, and so AWS's own client. Prints the values that the stacks share.
"""

import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.config import ENVIRONMENTS
from infra.local.aws import ORDER
from infra.names import Names

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
NAMELESS = "us-east-1"  # for which S3 takes no location constraint
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=120)


class Deployer:
    """Deploys stacks of a region to the local AWS at `endpoint`."""

    def __init__(self, endpoint: str, out: Path, names: Names) -> None:
        self._endpoint = endpoint
        self._out = out
        self._names = names
        self._root = names.parameter("")
        session = botocore.session.get_session()

        def client(name: str) -> Any:
            return session.create_client(
                name,
                names.region.name,
                endpoint_url=endpoint,
                aws_access_key_id=names.environment.account,
                aws_secret_access_key="test",
                config=CONFIG,
            )

        self.ssm, self._s3, self._stacks = client("ssm"), client("s3"), client("cloudformation")
        self._secrets = client("secretsmanager")

    def tell(self, values: Mapping[str, str]) -> None:
        """Set the values that stacks not deployed here would share."""
        for name, value in {BOOTSTRAP: "30", **{self._root + key: value for key, value in values.items()}}.items():
            self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def create_origin_secret(self) -> None:
        """Create the origin's secret, whose stack is not deployed here."""
        value = {"first": secrets.token_urlsafe(30), "second": ""}
        self._secrets.create_secret(Name=self._names.of("origin"), SecretString=json.dumps(value))

    def told(self) -> dict[str, str]:
        """Return all values that stacks share."""
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(Path=self._root, Recursive=True)
        return {one["Name"].removeprefix(self._root): one["Value"] for page in pages for one in page["Parameters"]}

    def deploy(self, name: str) -> None:
        """Create a stack and wait for it. Exits with the failures."""
        stack = self._names.stack(name)
        url = self._publish(f"{stack}-{self._names.region.name}")
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
        self._stacks.create_stack(StackName=stack, TemplateURL=url, Capabilities=capabilities)
        while (state := self._state(stack)).endswith("IN_PROGRESS"):
            time.sleep(0.1)
        if state != "CREATE_COMPLETE":
            sys.exit(f"{stack}: {state}: {self._faults(stack)}")

    def _state(self, stack: str) -> str:
        return str(self._stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    def _faults(self, stack: str) -> list[str]:
        happened = self._stacks.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [one for one in happened if one["ResourceStatus"].endswith("FAILED")]
        return [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}" for one in failed]

    def _publish(self, stack: str) -> str:
        """Upload a stack's assets; return its template's URL. As a body it would be too long."""
        url = ""
        for asset in json.loads((self._out / f"{stack}.assets.json").read_text())["files"].values():
            source = self._out / asset["source"]["path"]
            for place in asset["destinations"].values():
                bucket, key = place["bucketName"], place["objectKey"]
                self._ensure(bucket)
                self._s3.put_object(Bucket=bucket, Key=key, Body=source.read_bytes())
                if source.name == f"{stack}.template.json":
                    url = f"{self._endpoint}/{bucket}/{key}"
        return url

    def _ensure(self, bucket: str) -> None:
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError:
            place = {"CreateBucketConfiguration": {"LocationConstraint": self._names.region.name}}
            self._s3.create_bucket(Bucket=bucket, **({} if self._names.region.name == NAMELESS else place))


def main() -> None:
    """Deploy all."""
    endpoint, out, values, environment, region, *without = sys.argv[1:]
    (home,) = [each for each in ENVIRONMENTS if each.name == environment]
    (where,) = [each for each in home.regions if each.name == region]
    deployer = Deployer(endpoint, Path(out), Names(home, where))
    deployer.tell(json.loads(Path(values).read_text()))
    deployer.create_origin_secret()
    for name in (each for each in ORDER if each not in without):
        began = time.monotonic()
        deployer.deploy(name)
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    print(json.dumps(deployer.told()))


if __name__ == "__main__":
    main()
