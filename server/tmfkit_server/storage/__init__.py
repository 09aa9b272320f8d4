"""Where documents, subscriptions and the outbox live: a protocol, and what implements it."""
