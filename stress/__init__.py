"""Load and measurement: seeded order flow, a locust workload, benchmarks."""
