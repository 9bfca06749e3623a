"""The plugins that the gateway knows: three of Kong's own, and external ones."""
