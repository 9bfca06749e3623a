"""Processes, signals and sockets around the application."""
