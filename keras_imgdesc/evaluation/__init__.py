"""Evaluation of captions, matching, paintings, scenes and encoders."""
