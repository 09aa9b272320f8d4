"""Declarations of what is driven and judged, each once: probes with their steps and facts, kinds and scenarios."""
