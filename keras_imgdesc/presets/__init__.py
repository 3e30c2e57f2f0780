"""Presets: folders that hold a trained task."""
