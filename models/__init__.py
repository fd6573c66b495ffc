"""What a sweep trains: datasets, models, losses and measures. Knows nothing of Ray and MLflow."""
