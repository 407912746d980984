"""The exchange as a WSGI application (``gunicorn app:app``), and as a program (``python app.py``).

One process owns the journal: run gunicorn with one worker and many threads.
"""

import sys

if __name__ == "__main__":
    from order_engine.__main__ import main

    sys.exit(main(["serve", *sys.argv[1:]]))

from order_engine.server.server import wsgi_app

app = wsgi_app()
