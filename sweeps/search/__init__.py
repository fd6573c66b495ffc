"""The pure core: ladder, search, proposals, folds and champion, as plain Python on plain values."""
