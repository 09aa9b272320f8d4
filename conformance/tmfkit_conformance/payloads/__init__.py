"""Bodies that the kit sends: made from the contract, shared by the driver and the self-test."""
