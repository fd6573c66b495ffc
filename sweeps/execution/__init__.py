"""Doing it: result files and checkpoints, one evaluation from start to end, and Ray Tune."""
