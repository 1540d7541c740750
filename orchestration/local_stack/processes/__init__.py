"""Processes of the local stack: started, supervised, probed, ended."""
