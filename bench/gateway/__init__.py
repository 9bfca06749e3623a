"""What the plugin costs a gateway: requests a second, latency, memory (docs/benchmarks.md)."""
