"""Search: from a decoder to captions, by beam search or sampling."""
