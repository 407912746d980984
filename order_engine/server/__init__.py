"""Serving: gunicorn, one process on one core, whose threads wait for the disk and never for a client."""
