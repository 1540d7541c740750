"""The app's side: its own API, and the API that serves it recommendations."""
