"""Tests of `models.metrics`."""
