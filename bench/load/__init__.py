"""Load: files of ready requests, and wrk that sends them."""
