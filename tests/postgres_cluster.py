"""The PostgreSQL server that benchmarks use, for tests."""

from stress.postgres_cluster import PostgresCluster, PostgresUnavailable, free_port, running_cluster

__all__ = ["PostgresCluster", "PostgresUnavailable", "free_port", "running_cluster"]
