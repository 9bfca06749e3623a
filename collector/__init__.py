"""The collector: from HTTP request to rows in Postgres."""
