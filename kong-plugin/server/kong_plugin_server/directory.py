"""The supervisor's directory of instances: which configuration each id stands for.

Kong knows of one server. An id that one worker gave comes to the others as well, and to
those that replace it; they ask the supervisor, who was told before Kong could know the id.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection

# Kong never closes the instances of a configuration that a reload replaced. What was not used
# for longest goes; were it needed again, Kong would start it again.
MAX_INSTANCES = 1_000

# Ids are positive int32. Those of two servers begin at random numbers, or a restart would mix up
# configurations (docs/plugin-server.md); those of two workers are this far apart.
IDS_OF_A_WORKER = 2**20
MAX_FIRST_ID = 2**31 - 1 - IDS_OF_A_WORKER


class Directory:
    """The configurations of the instances that workers have started, by id."""

    def __init__(self) -> None:
        self._configs: OrderedDict[int, bytes] = OrderedDict()

    def add(self, instance_id: int, config: bytes) -> None:
        """A worker has started an instance."""
        self._configs[instance_id] = config
        if len(self._configs) > MAX_INSTANCES:
            self._configs.popitem(last=False)

    def find(self, instance_id: int) -> bytes | None:
        """The configuration of an instance, for a worker that is to use it."""
        config = self._configs.get(instance_id)
        if config is not None:
            self._configs.move_to_end(instance_id)
        return config

    def remove(self, instance_id: int) -> None:
        """Kong has closed an instance."""
        self._configs.pop(instance_id, None)

    def choose_first_id(self, firsts: Collection[int]) -> int:
        """Where a new worker begins: with no id of a worker that lives, or in use."""
        while True:
            first = secrets.randbelow(MAX_FIRST_ID) + 1
            if all(abs(first - other) >= IDS_OF_A_WORKER for other in (*firsts, *self._configs)):
                return first
