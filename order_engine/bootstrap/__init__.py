"""The only place that builds the parts and joins them."""
