"""How good captions and encoders are, in numbers and pictures."""
