"""Losses and training steps of painters."""
