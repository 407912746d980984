"""Builds all objects and connects them. No other package does."""
