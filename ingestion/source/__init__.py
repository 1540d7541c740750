"""The app's API as a dlt source: requests, pages, records."""
