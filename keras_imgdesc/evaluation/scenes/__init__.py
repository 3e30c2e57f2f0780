"""Reading and scoring of Scenes images by rules."""
