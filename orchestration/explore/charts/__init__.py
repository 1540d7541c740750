"""The charts of the pages: Altair specifications with direct labels, in the page's colours."""
