"""Pieces of exported graphs."""
