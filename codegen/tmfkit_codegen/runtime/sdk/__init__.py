"""What the clients of all APIs are made of; nothing of it is public, and any of it may change."""
