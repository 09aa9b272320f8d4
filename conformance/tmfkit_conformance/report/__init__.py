"""Renders the verdicts of a run: for machines (JSON, JUnit), for readers (HTML), for the terminal."""
