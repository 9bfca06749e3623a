"""One row of facts a session, computed from its events beside their storing (docs/reports.md)."""
