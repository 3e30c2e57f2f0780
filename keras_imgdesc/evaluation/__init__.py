"""Evaluation of captions, classes, matching, paintings, scenes and encoders."""
