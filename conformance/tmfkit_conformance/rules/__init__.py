"""What is to be driven and judged, each thing declared once: probes with their steps and facts, kinds and scenarios."""
