"""The documentation as one site: all pages, references made from the code, dbt's pages."""
