"""The head of a request: checked, and turned into a WSGI environ by ``httptools``.

The parser accepts some heads that another reader, such as a proxy, could take for a different request. One regular
expression refuses those first.
"""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes, urlsplit

import httptools
from httptools.parser.errors import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade

from order_engine.api.plumbing.problems import Problem
from order_engine.server.served_venue import Environ

HEAD_BYTES_MAX = 1 << 16
REQUEST_LINE_BYTES_MAX = 4_094
HEADERS_MAX = 100
HEADER_BYTES_MAX = 8_190
NAMES_MAX = 512

_HEAD = re.compile(
    rb"(?:\r\n)?([!$%&'*+\-.^_`|~0-9A-Z]{3,20}) [!-~]++ HTTP/1\.([01])\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t -~\x80-\xff]*+\r\n)*+\r\n"
)
_ONLY_ONCE = frozenset({"HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH"})
_KNOWN_CODINGS = frozenset({"chunked", "identity", "compress", "deflate", "gzip"})
_OWN_KEYS = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}


class HeaderNames(dict[bytes, str | None]):
    """Maps header names to keys of the environ; None for a header that is dropped.

    A name with an underscore would get the key of the same name with a hyphen, so it is dropped.
    """

    def __missing__(self, name: bytes) -> str | None:
        """Make the key of a name, and keep it if there is room for it."""
        upper = name.decode("latin-1").upper()
        key = None if "_" in upper else _OWN_KEYS.get(upper, f"HTTP_{upper.replace('-', '_')}")
        if len(self) < NAMES_MAX:
            self[name] = key
        return key


class HeadReader:
    """Turns the heads of one connection into environs, each a copy of ``template`` with more keys."""

    __slots__ = ("_environ", "_is_at_start", "_names", "_parser", "_repeated", "_template")

    def __init__(self, names: HeaderNames, template: Environ) -> None:
        self._names = names
        self._template = template
        self._environ: Environ = {}
        self._repeated: str | None = None
        self._is_at_start = False
        self._parser = httptools.HttpRequestParser(self)

    def read(self, head: bytes) -> Environ:
        """Read a head, up to and with its empty line; raises ``Problem``."""
        self._environ = environ = self._template.copy()
        matched = _HEAD.fullmatch(head)
        if matched is None or len(head) > REQUEST_LINE_BYTES_MAX or head.count(b"\n") > HEADERS_MAX:
            _check_sizes(head)
        if matched is None:
            raise malformed("The head of the request is malformed.")
        method, minor = matched.groups()
        environ["REQUEST_METHOD"] = method.decode()
        if minor == b"0":
            environ["SERVER_PROTOCOL"] = "HTTP/1.0"
        self._parse(head, method)
        # With its body the environ may have megabytes: it must not live as long as the connection.
        self._environ = self._template
        if minor == b"1" and "HTTP_HOST" not in environ:
            raise malformed("HTTP/1.1 needs a Host.")
        if "HTTP_EXPECT" in environ and environ["HTTP_EXPECT"].lower() != "100-continue":
            raise Problem("unknown_expectation", "Only 100-continue can be expected.")
        return environ

    def skip_body(self, body: bytes) -> None:
        """Show the parser the body; raises ``Problem`` if it finds another length."""
        if self._is_at_start:
            return
        try:
            self._parser.feed_data(body)
        except HttpParserError as error:
            raise malformed("The body has another length than the head says.") from error

    def start_anew(self) -> None:
        """Use a new parser, after a body that was not shown to the old one."""
        self._parser = httptools.HttpRequestParser(self)
        self._is_at_start = True

    def close(self) -> None:
        """Break the cycle with the parser, so that what a closed connection kept is freed at once."""
        del self._parser

    def on_url(self, url: bytes) -> None:
        """Take the target; called by the parser."""
        environ = self._environ
        environ["RAW_URI"] = target = url.decode("ascii")
        if target[0] != "/" or "#" in target:
            path, environ["QUERY_STRING"] = _split(target, environ["REQUEST_METHOD"])
        elif "?" in target:
            path, _, environ["QUERY_STRING"] = target.partition("?")
        else:
            path = target
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; called by the parser."""
        key = self._names[name]
        if key is None:
            return
        environ = self._environ
        text = value.decode("latin-1").strip(" \t")
        if key not in environ:
            environ[key] = text
        elif key in _ONLY_ONCE:
            self._repeated = key
        else:
            environ[key] += f",{text}"

    def _parse(self, head: bytes, method: bytes) -> None:
        self._repeated = None
        self._is_at_start = False
        try:
            self._feed(head, method)
        except HttpParserUpgrade:
            # The protocol is not changed here, so a body follows as usual.
            self.start_anew()
        except HttpParserError as error:
            if "HTTP_TRANSFER_ENCODING" in self._environ:
                check_coding(self._environ)
            raise malformed(f"The head of the request is malformed: {error}.") from error
        if self._repeated is not None:
            raise malformed(f"{self._repeated} is given more than once.")

    def _feed(self, head: bytes, method: bytes) -> None:
        try:
            self._parser.feed_data(head)
        except HttpParserInvalidMethodError:
            # The parser knows only registered methods; the app refuses the others with 405.
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(head.replace(method, b"GET", 1))


def malformed(detail: str) -> Problem:
    """Make the problem for a request that cannot be read."""
    return Problem("malformed_request", detail)


def check_coding(environ: Environ) -> None:
    """Require chunked as the only coding; raises ``Problem``."""
    codings = [coding.strip(" \t").lower() for coding in environ["HTTP_TRANSFER_ENCODING"].split(",")]
    if not _KNOWN_CODINGS.issuperset(codings):
        raise Problem("unknown_transfer_coding", "The only transfer coding that is read here is chunked.")
    if codings != ["chunked"]:
        raise malformed("The only transfer coding that is read here is chunked, once.")
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        raise malformed("HTTP/1.0 has no chunks.")
    if "CONTENT_LENGTH" in environ:
        raise malformed("A request has a length or chunks, not both.")


def _check_sizes(head: bytes) -> None:
    request_line, *headers = head.removeprefix(b"\r\n").split(b"\r\n")
    if len(request_line) > REQUEST_LINE_BYTES_MAX:
        raise Problem("target_too_long", f"The first line may have {REQUEST_LINE_BYTES_MAX} bytes.")
    # The split leaves two empty strings behind the last header.
    if len(headers) - 2 > HEADERS_MAX or any(len(header) + 2 > HEADER_BYTES_MAX for header in headers):
        limits = f"{HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes"
        raise Problem("head_too_large", f"There may be {limits}.", status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _split(target: str, method: str) -> tuple[str, str]:
    if (
        method != "CONNECT"
        and not target.startswith("/")
        and "://" not in target
        and (target, method) != ("*", "OPTIONS")
    ):
        raise ValueError(f"{target[:100]!r} is not the path of anything")
    if target.startswith("/"):
        path, _, query = target.partition("#")[0].partition("?")
        return path, query
    parts = urlsplit(target)
    return parts.path, parts.query
