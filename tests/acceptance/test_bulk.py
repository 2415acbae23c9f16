"""Many secrets at once: none is lost, none is written twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.acceptance.scene import Build, Scene, wait_until

COUNT = 200


def test_two_hundred_secrets_at_once_arrive_once_each(scene: Scene) -> None:
    """All arrive, each with exactly one version."""
    paths = [f"team-{number % 10}/secret-{number}" for number in range(COUNT)]
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda path: scene.put(path, path=path), paths))

    def arrived() -> set[str]:
        return set(scene.aws.current_ids(scene.mount))

    wait_until(lambda: len(arrived()) >= COUNT, f"{COUNT} secrets in AWS")
    scene.queue_drains()
    assert arrived() == {scene.name(path) for path in paths}
    for path in paths:
        versions = scene.aws.version_ids(scene.name(path))
        assert len(versions) == 1
        assert versions[0].startswith("v1-")


def test_two_forwarders_that_hear_the_same_make_one_version(build: Build) -> None:
    """Two audit devices say everything twice; AWS is written once."""
    scene = build(forwarders=2)
    paths = [f"secret-{number}" for number in range(10)]

    for path in paths:
        scene.arrives(path, scene.put(path, path=path))
    scene.settles()

    for path in paths:
        assert len(scene.aws.version_ids(scene.name(path))) == 1
