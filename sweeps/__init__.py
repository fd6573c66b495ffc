"""How a sweep is searched, run and recorded. `docs/structure.md` is the map of the rooms."""
