"""What an unfriendly client may send: one module for each family of attacks, all of them in ``every_attack``."""
