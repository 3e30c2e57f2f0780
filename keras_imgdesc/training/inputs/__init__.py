"""Images as training takes them: pixels, cached features, augmented versions."""
