"""The server's image, built by docker on the operator's machine and pushed to the repository of `cdk bootstrap`."""

import base64
import hashlib
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from infra.deploy.cloudformation import DeploymentError

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
PLATFORM: Final = "linux/arm64"  # Fargate's cheaper processor
EMULATION: Final = (
    "on another kind of processor it takes `docker run --privileged --rm tonistiigi/binfmt --install arm64` once"
)


def image_tag(project: Path = PROJECT) -> str:
    """Return the tag of the image of a folder: the hash of its Dockerfile and of all files that it copies."""
    digest = hashlib.sha256()
    for path in sorted({project / "Dockerfile", *_copied(project)}):
        digest.update(f"{path.relative_to(project)}\0".encode() + path.read_bytes() + b"\0")
    return f"milequest-{digest.hexdigest()[:32]}"


def _copied(project: Path) -> Iterator[Path]:
    """Yield the files that the Dockerfile takes from the folder."""
    for line in re.findall(r"^COPY (?!--)(.+) \S+$", (project / "Dockerfile").read_text(), re.MULTILINE):
        for name in line.split():
            place = project / name
            yield from [place] if place.is_file() else _files(place)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not {"__pycache__", "node_modules", ".build"} & {*path.parts}:
            yield path


class ServerImage:
    """An image by its tag. `ecr` is a client of the registry; `tell` prints a line."""

    def __init__(self, ecr: Any, repository: str, tag: str, tell: Callable[[str], None]) -> None:
        self._ecr, self._repository, self._tag, self._tell = ecr, repository, tag, tell

    def pushed(self) -> str:
        """Return the image's address with its digest, built and pushed unless it is there. Raises DeploymentError."""
        digest = self._digest()
        token = self._ecr.get_authorization_token()["authorizationData"][0]
        registry = token["proxyEndpoint"].removeprefix("https://")
        address = f"{registry}/{self._repository}"
        if digest is None:
            user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
            docker("build", "--platform", PLATFORM, "--tag", f"{address}:{self._tag}", str(PROJECT), remedy=EMULATION)
            docker("login", "--username", user, "--password-stdin", registry, given=password)
            docker("push", f"{address}:{self._tag}")
            digest = self._digest()
        if digest is None:
            raise DeploymentError(f"{self._repository} has no {self._tag} after it was pushed")
        return f"{address}@{digest}"

    def _digest(self) -> str | None:
        """Return the digest of the image with the tag; None if there is none."""
        asked = {"repositoryName": self._repository, "imageIds": [{"imageTag": self._tag}]}
        found = self._ecr.batch_get_image(**asked)["images"]  # a tag that is not there is among its failures
        return str(found[0]["imageId"]["imageDigest"]) if found else None


def docker(*arguments: str, given: str = "", remedy: str = "") -> None:
    """Run docker, with something on its input. Raises DeploymentError with the end of what it said."""
    try:
        ran = subprocess.run(["docker", *arguments], input=given, text=True, capture_output=True, check=False)
    except FileNotFoundError:
        raise DeploymentError("docker is not on the path: install it, and run this again") from None
    if ran.returncode:
        more = f"; {remedy}" if remedy else ""
        raise DeploymentError(f"docker {arguments[0]} failed: {ran.stderr.strip()[-1_000:]}{more}")
