"""Version of the package, without any import."""

__version__ = "0.1.0"
