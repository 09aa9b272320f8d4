"""Sends requests to the implementation under test and has every exchange recorded."""
