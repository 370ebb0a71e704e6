"""The command line. Nothing else of the package imports it; it needs the extra `cli`."""
