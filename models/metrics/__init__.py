"""What a trained model is judged by: measures that mean the same for every configuration."""
