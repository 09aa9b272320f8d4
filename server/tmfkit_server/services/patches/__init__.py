"""What a patch document makes of a resource, one module for each kind; all return new values."""
