"""From a bundle and a contract to verdicts: pure functions, no network, no clock."""
