"""The receiver's image: built from our Dockerfile by ``cdk deploy``, or one that is in
this account's ECR already; and as whom it runs."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.config import Config

USER = "10001:10001"
_ROOT = Path(__file__).parents[1]
_DOCKERFILE = "infra/docker/Dockerfile"


def image_of(scope: Construct, config: Config) -> ecs.ContainerImage:
    """A digest is what a tag was when somebody looked at it; both are taken."""
    if config.image is None:
        # .dockerignore leaves just what the Dockerfile copies.
        return ecs.ContainerImage.from_asset(
            str(_ROOT),
            file=_DOCKERFILE,
            target="receiver",
            platform=assets.Platform.LINUX_AMD64,
        )
    name, is_digest, digest = config.image.partition("@")
    tag = digest
    if not is_digest:
        name, _, tag = config.image.rpartition(":")
    repository = ecr.Repository.from_repository_name(scope, "Repository", name)
    return ecs.ContainerImage.from_ecr_repository(repository, tag)


def powerless(scope: Construct, construct_id: str) -> ecs.LinuxParameters:
    """No capability of the kernel: none is needed, with a port above 1024."""
    parameters = ecs.LinuxParameters(scope, construct_id)
    parameters.drop_capabilities(ecs.Capability.ALL)
    return parameters
