"""Decoders: from a feature map to a distribution over the next word."""
