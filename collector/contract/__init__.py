"""What may be sent: bytes to JSON that can be stored, JSON to checked payloads."""
