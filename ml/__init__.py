"""Recommendations: from published features to models, their evaluation and their predictions."""

import os

# MLflow reads these as it is imported, whichever of our modules comes to it first.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # its migrations are no news
