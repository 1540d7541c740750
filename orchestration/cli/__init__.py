"""The commands of `moovitamix`, one module for each group."""
