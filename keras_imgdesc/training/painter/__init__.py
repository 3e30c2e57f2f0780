"""Training of painters."""
