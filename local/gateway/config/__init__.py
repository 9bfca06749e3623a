"""What the gateway is told: environment variables, kong.yml, and the plugin server's dump."""
