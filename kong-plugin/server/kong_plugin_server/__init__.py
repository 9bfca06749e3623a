"""A plugin server for Kong: hosts Python plugins over ProtoBuf:1 (docs/plugin-server.md)."""
