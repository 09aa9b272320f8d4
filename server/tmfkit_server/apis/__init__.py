"""What single APIs need beyond their contracts, one module each; every module here offers an ``EXTENSION``."""
