"""The demo: a small product's site with the tracker on it, and a page of the last events."""
