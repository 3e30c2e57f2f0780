"""Training runs, which can be killed at any moment and resumed."""
