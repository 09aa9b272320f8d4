"""What a run leaves behind: exchanges, notifications and probes, in a bundle that anyone can judge again."""
