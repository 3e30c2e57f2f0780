"""Recipes that ship with the package: all settings of a training, as JSON files."""
