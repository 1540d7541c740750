"""The softmax model and what it is optimised with."""
