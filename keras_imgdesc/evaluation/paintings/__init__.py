"""Evaluation of painted images."""
