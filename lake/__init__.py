"""The lake's format and location: the one library that all folders share."""
