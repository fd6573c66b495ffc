"""Showing it: MLflow, its ready-made dashboard, the figures and best.yaml."""
