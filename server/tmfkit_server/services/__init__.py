"""The rules of the APIs: no HTTP and no storage engine in here."""
