"""Where a visit came from, on what device, and which stage it reached. Pure."""
