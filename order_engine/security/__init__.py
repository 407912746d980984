"""Who may use the exchange: stored keys, signatures, and the log of who tried."""
