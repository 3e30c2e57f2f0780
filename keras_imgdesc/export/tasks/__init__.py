"""What each task serves."""
