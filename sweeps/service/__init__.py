"""The service: sweeps submitted, watched and steered over HTTP, on one machine, without a database of its own."""
