"""Proof that every check can fail: servers that are broken in one thing each, and the checks that catch them."""
