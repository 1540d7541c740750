"""The music app's own API: a reproducible, living catalogue behind three paged endpoints."""
