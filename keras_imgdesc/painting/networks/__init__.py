"""The networks of painters: generator, discriminators and the encoder of a VAE."""
