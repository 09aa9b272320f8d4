"""Processes that the benchmarks and the fault rounds start: our server, a PostgreSQL of their own."""
