"""Typed models of the APIs, one package each; importing this package loads none of them."""
