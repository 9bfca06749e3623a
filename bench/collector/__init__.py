"""How fast the collector takes events, beside what else could take them (docs/benchmarks.md)."""
