"""A server of the Model Context Protocol over the published, masked file."""
