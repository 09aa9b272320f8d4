"""What the packages of all APIs share, so that ``Client`` and ``UNSET`` are one object each."""
