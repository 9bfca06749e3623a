"""A queue for the tests of a file, which use sessions and events of their own."""

from collections.abc import Iterator

import pytest

from local.nats import NatsCluster
from tests.nats import run_queue


@pytest.fixture(scope="module")
def queue() -> Iterator[NatsCluster]:
    """Three servers with the streams."""
    with run_queue() as cluster:
        yield cluster
