"""Faults: servers are killed, starved and cut off under load, and everything that they acknowledged is looked for."""
