"""The library: a market in this process, with decimals. See ``Market``."""
