"""What the doctor says of a queue."""

from collector.doctor.finding import Finding, Status
from collector.doctor.options import Options
from collector.doctor.queue_checks import GROUP
from collector.queue.streams import MEMBERS_PREFIX
from collector.settings import Settings
from local.nats import NatsCluster
from tests.nats import connected, queue_settings, run_queue
from tests.system.doctor.examined import Seen, look, refuse

NOWHERE = "postgresql://nowhere"


async def examine(settings: Settings) -> Seen:
    """The checks of the queue, beside a collector with these settings."""
    return await look(Options(settings=settings), GROUP)


async def test_a_queue_that_is_as_it_should_be(queue: NatsCluster) -> None:
    async with connected(queue) as client:
        for name in ("one", "two"):
            await client.jetstream().publish(f"{MEMBERS_PREFIX}.{name}", b"")
    seen = await examine(queue_settings(queue, NOWHERE, queue_system_url=queue.system_url))
    assert seen.not_ok() == {}


async def test_without_a_queue_nothing_is_looked_at() -> None:
    seen = await examine(Settings(database_url=NOWHERE))
    assert set(seen.not_ok().values()) == {Status.SKIPPED}
    assert len(seen.not_ok()) == len(GROUP.checks)


async def test_a_server_that_is_down_and_consumers_that_are_not_there(queue: NatsCluster) -> None:
    with run_queue() as cluster:
        down = cluster.servers[2]
        down.stop()
        seen = await examine(queue_settings(cluster, NOWHERE))
    refuse(seen.of("queue.streams", "CT_EVENTS"), Status.WARNING, "2 of 3 copies are in step")
    refuse(seen.of("queue.consumers"), Status.FAILURE, "no consumer")
    assert seen.of("queue.sync").status is Status.SKIPPED


async def test_fewer_copies_than_the_settings_want(queue: NatsCluster) -> None:
    seen = await examine(queue_settings(queue, NOWHERE, queue_replicas=5))
    refuse(seen.of("queue.streams", "CT_EVENTS"), Status.FAILURE, "3 copies")


async def test_servers_that_are_not_there() -> None:
    with run_queue() as cluster:
        settings = queue_settings(cluster, NOWHERE, queue_system_url=cluster.system_url)
    seen = await examine(settings)
    refuse(seen.of("queue.streams"), Status.FAILURE, "ConnectionRefusedError")
    refuse(seen.of("queue.sync"), Status.FAILURE, "CT_QUEUE_SYSTEM_URL")
    assert skipped(seen.of("queue.room"))
    assert skipped(seen.of("queue.consumers"))


def skipped(finding: Finding) -> bool:
    """Whether it could not be looked at."""
    return finding.status is Status.SKIPPED
