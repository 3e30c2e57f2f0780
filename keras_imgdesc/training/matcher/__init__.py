"""Training of matchers."""
