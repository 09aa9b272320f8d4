"""What single APIs need beyond their contracts, one module each; every module here names its class ``EXTENSION``."""
