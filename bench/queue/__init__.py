"""What the queue before Postgres costs, and how fast consumers empty it (docs/scale.md)."""
