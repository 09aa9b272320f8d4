"""Reference server: every API of ``tmfkit_models.contracts`` in one process."""
