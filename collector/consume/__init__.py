"""From the queue to Postgres: a process of its own, and as many of them as are needed."""
