"""The embedded store: TinyDB in memory over a log of changes in one SQLite file."""
