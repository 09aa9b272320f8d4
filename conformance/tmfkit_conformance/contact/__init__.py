"""First contact: what a run finds out about its target before the probes, in seconds."""
