"""Generator, discriminators and encoders of painters."""
