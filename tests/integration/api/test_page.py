"""The page and its files, as HTTP serves them."""

import re

import pytest
from flask.testing import FlaskClient

# The licence of the charts asks for this link.
ATTRIBUTION = "https://www.tradingview.com/"


def test_page_lets_only_this_server_s_scripts_run(client: FlaskClient) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_every_file_that_a_page_names_is_served_from_here(client: FlaskClient, path: str) -> None:
    html = client.get(path).text

    named = re.findall(r'(?:href|src)="([^"#]+)"', html)
    files = [name for name in named if name != ATTRIBUTION]
    assert files
    for file in files:
        with client.get(file) as response:
            assert response.status_code == 200, file
    assert not re.search(
        r"<script(?![^>]*src=)|style=|\son\w+=|https?://(?!localhost)", html.replace(f'<a href="{ATTRIBUTION}"', "")
    )


def test_scripts_are_served_as_scripts(client: FlaskClient) -> None:
    with client.get("/static/page.js") as response:
        assert response.mimetype in ("text/javascript", "application/javascript")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
