"""The demo: an exchange of its own with a market that moves. Its traders use the REST API, as any client would."""
