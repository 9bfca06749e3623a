"""The ad platforms, one module each: what they are told, and what their answers mean."""
