"""Concepts: everyday nouns for what a classifier sees in an image."""
