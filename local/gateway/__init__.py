"""A stand-in for Kong, as strict as Kong. For development and tests."""
