"""The benchmark: who is measured, what is sent, how it is timed, and what is written about it."""
