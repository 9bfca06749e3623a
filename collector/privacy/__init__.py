"""What is kept about people: how long it stays, and taking it away (docs/privacy.md)."""
