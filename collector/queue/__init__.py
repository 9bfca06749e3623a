"""The queue before Postgres, on NATS JetStream: imported only where CT_QUEUE_URL is set."""
