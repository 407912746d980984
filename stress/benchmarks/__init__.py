"""Benchmarks. Each prints its figures with the conditions of the run."""
