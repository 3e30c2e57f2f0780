"""A search index of images on disk."""
