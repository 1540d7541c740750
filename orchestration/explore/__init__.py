"""`moovitamix explore`: pages for people who look, on what is published."""
