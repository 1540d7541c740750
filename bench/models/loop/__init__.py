"""A bench of the closed loop: users play what is recommended, and the model learns from it."""
