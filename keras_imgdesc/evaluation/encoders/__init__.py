"""Evaluation of image encoders."""
