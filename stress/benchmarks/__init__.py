"""Benchmarks: each prints the conditions it ran under beside what it measured."""
