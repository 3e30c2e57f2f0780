"""Layers of the painting networks."""
