"""Processes that scripts and tests start: our server, a PostgreSQL of their own."""
