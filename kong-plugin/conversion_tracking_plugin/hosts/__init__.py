"""The plugin in plugin servers that are not our own; each is optional."""
