"""Training of painters: losses, objectives and training steps."""
