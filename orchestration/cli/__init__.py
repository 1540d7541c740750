"""The commands of `moovitamix`, by what a person wants: to live a day, or to look."""
