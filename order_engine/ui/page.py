"""The web page: static files and one template. All its data comes from the public API."""

from flask import Blueprint, Response, make_response, render_template

from order_engine.project_files import directory_of

# Only scripts and styles of this server run, and no other site may frame the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
)


def create_page_blueprint() -> Blueprint:
    """Serve the page at ``/`` and its files at ``/static``. The app must have no static folder of its own."""
    blueprint = Blueprint(
        "page",
        __name__,
        template_folder=str(directory_of("templates")),
        static_folder=str(directory_of("static")),
        static_url_path="/static",
    )

    @blueprint.get("/")
    def index() -> Response:
        return make_response(render_template("index.html"))

    @blueprint.after_request
    def secure(response: Response) -> Response:
        response.headers.extend(SECURITY_HEADERS)
        return response

    return blueprint
