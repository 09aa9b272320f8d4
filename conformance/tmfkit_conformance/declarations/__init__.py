"""What a vendor declares of a target: rows that are waived, what is claimed to be there. No verdict depends on it."""
