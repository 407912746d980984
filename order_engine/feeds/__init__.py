"""The feeds: WebSockets that show books and trades, served by a process of their own that follows the journal."""
