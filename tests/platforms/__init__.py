"""Stand-ins for ad platforms, on loopback: strict where the real ones are, and as silent."""
