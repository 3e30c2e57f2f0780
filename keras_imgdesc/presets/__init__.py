"""Presets: tasks saved to folders and loaded from them."""
