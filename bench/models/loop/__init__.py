"""The closed loop: users who listen to what is recommended to them, and what that changes."""
