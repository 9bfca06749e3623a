"""The collector over HTTP: one module an endpoint, and what requests have in common."""
