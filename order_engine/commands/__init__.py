"""The commands of the command line, one file each.

Imports that only one command needs are inside its functions, so that ``process`` does not load a web server.
"""
