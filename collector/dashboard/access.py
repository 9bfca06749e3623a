"""Who may ask: each handler stands behind one of these, or is for anybody.

A handler for people who are signed in takes their `SignedIn`, so that none can be without.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler

from collector.dashboard.errors import Forbidden, NotSignedIn
from collector.dashboard.forms import Form, read_form
from collector.dashboard.hosts import check_origin, has_secure_cookies
from collector.dashboard.keys import CLOCK, SETTINGS, STORE, TOKENS
from collector.dashboard.store import BrowserSession
from collector.dashboard.tokens import digest

logger = logging.getLogger(__name__)

SESSION_TIME = timedelta(days=14)
CSRF_FIELD = "csrf"
NONCE_DIGITS = 32
BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person: the name of their token, and the key to their forms (b"" over the API)."""

    name: str
    csrf_key: bytes

    def csrf(self) -> str:
        """What the forms of a page carry: another text for each page.

        So nobody learns it from how well pages compress that repeat what their address says.
        """
        nonce = secrets.token_hex(NONCE_DIGITS // 2)
        return nonce + hmac.new(self.csrf_key, nonce.encode(), hashlib.sha256).hexdigest()

    def made(self, csrf: str) -> bool:
        """Whether this is such a text of this session."""
        nonce = csrf[:NONCE_DIGITS].encode()
        made = nonce.decode() + hmac.new(self.csrf_key, nonce, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), csrf.encode())


SignedInHandler = Callable[[web.Request, SignedIn], Awaitable[web.Response]]
FormHandler = Callable[[web.Request, SignedIn, Form], Awaitable[web.Response]]


def signed_in(handler: SignedInHandler) -> Handler:
    """A page, for people whose browser is signed in."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        return await handler(request, await read_session(request))

    return guarded


def for_forms(handler: FormHandler) -> Handler:
    """A change: a form of a page of ours, of somebody who is signed in."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        check_origin(request)
        person = await read_session(request)
        form = await read_form(request)
        check_csrf(form, person)
        return await handler(request, person, form)

    return guarded


def for_api(handler: SignedInHandler) -> Handler:
    """Reading, for programs with `Authorization: Bearer TOKEN` and for pages of ours."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        # Another scheme is that of a gateway in front.
        is_token = given[: len(BEARER)].lower() == BEARER
        person = read_bearer(request, given) if is_token else await read_session(request)
        return await handler(request, person)

    return guarded


def check_csrf(form: Form, person: SignedIn) -> None:
    """The form was made for this session. Raises Forbidden."""
    if not person.made(form.get(CSRF_FIELD, "")):
        raise Forbidden("the form is out of date: go back, load the page again, and repeat")


def read_bearer(request: web.Request, given: str) -> SignedIn:
    """Whose token this is. Raises WrongToken and TooManyAttempts."""
    token = given[len(BEARER) :].strip()
    name = request.app[TOKENS].find(token, request.remote, monotonic())
    return SignedIn(name, csrf_key=b"")


async def read_session(request: web.Request) -> SignedIn:
    """Who is signed in with this browser. Raises NotSignedIn."""
    cookie = request.cookies.get(cookie_name(request))
    if not cookie:
        raise NotSignedIn("sign in first; programs send Authorization: Bearer TOKEN")
    session = await request.app[STORE].find_session(hash_of(cookie), request.app[CLOCK]())
    if session is None:
        raise NotSignedIn("you are signed out")
    token = request.app[TOKENS].token_of(session.token_name)
    if token is None or not hmac.compare_digest(session.token_check, keyed(cookie, token)):
        raise NotSignedIn("the token that you signed in with has changed")
    return SignedIn(session.token_name, keyed(cookie, b"csrf"))


async def start_session(request: web.Request, name: str, response: web.Response) -> None:
    """Sign the browser in: 256 random bits in its cookie, and their hash in the database."""
    app = request.app
    cookie, token = secrets.token_urlsafe(32), app[TOKENS].token_of(name) or b""
    now = app[CLOCK]()
    session = BrowserSession(name, keyed(cookie, token))
    await app[STORE].add_session(hash_of(cookie), session, now + SESSION_TIME, now)
    logger.info("%s has signed in", name)
    response.set_cookie(
        cookie_name(request),
        cookie,
        max_age=round(SESSION_TIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=has_secure_cookies(app[SETTINGS]),
        path="/",
    )


async def end_session(request: web.Request, response: web.Response) -> None:
    """Sign the browser out."""
    if cookie := request.cookies.get(cookie_name(request)):
        await request.app[STORE].end_session(hash_of(cookie))
    secure = has_secure_cookies(request.app[SETTINGS])
    response.del_cookie(cookie_name(request), path="/", secure=secure, httponly=True)


def cookie_name(request: web.Request) -> str:
    """With __Host- a browser takes it over TLS alone, and of no other host."""
    secure = has_secure_cookies(request.app[SETTINGS])
    return "__Host-ct_dashboard" if secure else "ct_dashboard"


def hash_of(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits, a cookie's or a share link's."""
    return digest(secret.encode(errors="surrogateescape"))


def keyed(cookie: str, text: bytes) -> bytes:
    """What only who has the cookie can make of a text: nobody learns a token from it."""
    key = cookie.encode(errors="surrogateescape")
    return hmac.new(key, text, hashlib.sha256).digest()
