"""What may vary in a sweep: domains, spaces and their translation to hyperopt."""
