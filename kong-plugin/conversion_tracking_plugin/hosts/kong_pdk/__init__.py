"""The plugin in kong-pdk's server, with the guards that it needs (docs/plugin-server.md)."""
