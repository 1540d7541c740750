"""Recommendations: from published features to models, their judgement and their predictions."""
