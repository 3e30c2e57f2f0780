"""Evaluation of image-text matching."""
