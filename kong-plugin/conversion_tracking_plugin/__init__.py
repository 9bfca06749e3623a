"""The gateway plugin."""
