"""Distillation of image encoders."""
