"""Routes, middleware, schemas and problems of the serving API."""
