"""The commands of the command line, one file each.

A module imports what only its command needs inside the function: a stream of commands should not wait for a web server.
"""
