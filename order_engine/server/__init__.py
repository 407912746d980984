"""The HTTP server: one loop in one process reads requests, runs the app, and sends responses once they are durable."""
