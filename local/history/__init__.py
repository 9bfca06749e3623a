"""Months of a site's traffic, made up but the same at every run: for demos and benchmarks."""
