"""The schema of the PostgreSQL store, as numbered steps that only go forward."""
