"""The HTTP server: one loop in one process reads requests, runs the app, and sends each answer once it is durable."""
