"""What runs did, as marts, a report and alerts."""
