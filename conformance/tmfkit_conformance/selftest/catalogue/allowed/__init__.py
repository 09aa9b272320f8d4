"""Sound servers with an unusual but allowed behaviour."""
