"""Deploys synthesized stacks to a local AWS: `… ENDPOINT CDK_OUT VALUES.json ENVIRONMENT REGION [WITHOUT …]`.

Run by the interpreter that has the local AWS, and so AWS's own client. Prints the values that the stacks share.
"""

import json
import secrets
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from infra.config import ENVIRONMENTS
from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.cloudformation import StackDriver
from infra.deploy.deploy_checks import BOOTSTRAP
from infra.deploy.deploy_steps import set_parameters
from infra.local.aws import ORDER
from infra.names import Names

POLL_SECONDS = 0.1
NAMELESS = "us-east-1"  # for which S3 takes no location constraint
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=120)


class LocalAccount:
    """A local AWS with what the stacks that are not deployed to it would leave there."""

    def __init__(self, endpoint: str, names: Names) -> None:
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

        self.client = client

    def prepare(self, values: Mapping[str, str], buckets: Collection[str]) -> None:
        """Set the values that other stacks would share; make the secret, the sender of mail, and buckets of assets."""
        ssm, s3 = self.client("ssm"), self.client("s3")
        for name, value in {BOOTSTRAP: "30", **{self._root + key: value for key, value in values.items()}}.items():
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        secret = json.dumps({"first": secrets.token_urlsafe(30), "second": ""})
        self.client("secretsmanager").create_secret(Name=self._names.of("origin"), SecretString=secret)
        self.client("sesv2").create_email_identity(EmailIdentity=self._names.environment.domain)
        for bucket in buckets:
            place = {"CreateBucketConfiguration": {"LocationConstraint": self._names.region.name}}
            s3.create_bucket(Bucket=bucket, **({} if self._names.region.name == NAMELESS else place))

    def told(self) -> Mapping[str, str]:
        """Return all values that stacks share."""
        return set_parameters(self.client("ssm"), self._root)


def main() -> None:
    """Deploy all."""
    endpoint, out, values, environment, region, *without = sys.argv[1:]
    (home,) = [each for each in ENVIRONMENTS if each.name == environment]
    (where,) = [each for each in home.regions if each.name == region]
    assembly = CloudAssembly(Path(out), environment)
    stacks = [assembly.stack(region, name) for name in ORDER if name not in without]
    local = LocalAccount(endpoint, Names(home, where))
    local.prepare(json.loads(Path(values).read_text()), {asset.bucket for stack in stacks for asset in stack.assets})
    driver = StackDriver(local.client, region, lambda event: None, POLL_SECONDS)
    for stack in stacks:
        began = time.monotonic()
        driver.deploy(stack)
        print(f"{stack.name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    print(json.dumps(local.told()))


if __name__ == "__main__":
    main()
