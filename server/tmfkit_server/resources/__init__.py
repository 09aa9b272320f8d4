"""HTTP only: from a request to a call of a service, from its result to an answer."""
