"""The commands, by what they work on: a target, the register, the evidence of runs."""
