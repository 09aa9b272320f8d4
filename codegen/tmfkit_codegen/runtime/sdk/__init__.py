"""Typed clients of the APIs, one package each."""
