"""Decoding: captions from a decoder's step, by beam search or sampling."""
