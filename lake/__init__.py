"""The lake's format, and where it lies: the one library that all folders share."""
