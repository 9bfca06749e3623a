"""The command `doctor`: looks at a deployment, and says what is wrong and what mends it."""
