"""What makes a verdict one that others rely on: what it comes from, whether its files belong together, who signs."""
