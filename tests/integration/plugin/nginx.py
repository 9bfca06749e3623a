"""A real nginx with the files that `conversion-tracking-plugin --nginx` makes, as Kong has them."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from conversion_tracking_plugin.nginx import HTTP_FILE, PROXY_FILE
from local.processes import accepts_connections, free_port, start_child, stop_child, wait_until

ANSWER_SECONDS = 30

# Part of OpenResty, and so of Kong; Debian's package has it as a file.
HEADERS_MORE = Path("/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so")

# How any of them begins: everything that is written stands in one folder.
HEAD = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
"""

# What matters of Kong's own: the includes' places, and a location that has no type by default.
CONFIGURATION = (
    "load_module {headers_more};"
    + HEAD
    + """    include {folder}/{http_file};
    server {{
        listen 127.0.0.1:{port};
        include {folder}/{proxy_file};
        location / {{ default_type ''; proxy_pass http://127.0.0.1:{upstream}; }}
    }}
}}
"""
)


def find_nginx() -> str:
    """The program; skips the test where there is none, or not all of it."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or not HEADERS_MORE.exists():
        pytest.skip(
            "no nginx here with what Kong's has; on Debian "
            "`apt-get install nginx-light libnginx-mod-http-headers-more-filter` gets it"
        )
    return program


@contextmanager
def run_nginx(folder: Path, upstream: int | None = None) -> Iterator[int]:
    """nginx with the files in a folder, in front of a port or of nothing; its port."""
    port, upstream = free_port(), upstream or free_port()
    text = CONFIGURATION.format(
        folder=folder,
        port=port,
        upstream=upstream,
        headers_more=HEADERS_MORE,
        http_file=HTTP_FILE,
        proxy_file=PROXY_FILE,
    )
    with run_configured(folder, text, port):
        yield port


# As where a proxy ends TLS in front of Kong.
TLS = (
    HEAD
    + """    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    }}
}}
"""
)


@contextmanager
def run_tls(folder: Path, upstream: int, certificate: Path, key: Path) -> Iterator[int]:
    """nginx with a certificate, in front of a port; its port."""
    port = free_port()
    text = TLS.format(folder=folder, port=port, upstream=upstream, certificate=certificate, key=key)
    with run_configured(folder, text, port):
        yield port


@contextmanager
def run_configured(folder: Path, text: str, port: int) -> Iterator[None]:
    """nginx with a configuration, which listens on a port."""
    (folder / "nginx.conf").write_text(text)
    command = [find_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    child = start_child("nginx", command, {}, folder)
    try:
        wait_until(lambda: accepts_connections(port), child)
        yield
    finally:
        stop_child(child)


def ask(
    port: int, method: str, path: str, headers: dict[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers with their names in lower case, and body of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, [(n.lower(), v) for n, v in answer.getheaders()], answer.read()
    finally:
        connection.close()


def ask_raw(port: int, text: bytes) -> str:
    """What nginx answers to bytes that are no HTTP request."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(text)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode("latin-1").lower()
