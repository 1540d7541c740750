"""MLflow: runs, versions, and the files of models."""
