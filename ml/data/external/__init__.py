"""Tables that people bring: files in the forms that other programs write, read by fixed rules."""
