"""Google's access tokens, by google-auth, which only those have who send to Google."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as ServiceCredentials

from collector.conversions.conversion import Broken, Later
from collector.conversions.destination import DestinationError, read_secret
from collector.conversions.platform import NotAuthorized

TOKENS = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/datamanager"
SECONDS = 20  # for a new token
KINDS = "a service account's key, or an authorized user's credentials"


class GoogleToken:
    """Access tokens of one account, each used until shortly before its end."""

    def __init__(self, reference: str, test_base: str | None = None) -> None:
        """Raises DestinationError where the credentials cannot be used."""
        text = read_secret(reference).get_secret_value()
        tokens = f"{test_base}/token" if test_base else TOKENS
        try:
            self._credentials = credentials_of(json.loads(text), tokens)
        except (ValueError, KeyError, TypeError, GoogleAuthError):
            # Neither the text nor what is said of it: it holds the key.
            raise DestinationError(f"{reference} must be {KINDS}, as Google makes them") from None

    async def headers(self) -> Mapping[str, str]:
        """The headers with a token. Raises NotAuthorized.

        A new one is fetched in a thread: google-auth's own asyncio part knows no refreshing.
        """
        if not self._credentials.valid:
            await asyncio.to_thread(self._refresh)
        headers = {"Authorization": f"Bearer {self._credentials.token}"}
        # Of a user's credentials, Google counts the calls for the project that they name. That it
        # has to be sent is not confirmed; Google's own libraries do.
        if project := self._credentials.quota_project_id:
            headers["x-goog-user-project"] = project
        return headers

    def _refresh(self) -> None:
        try:
            self._credentials.refresh(partial(Request(), timeout=SECONDS))
        except TransportError:
            raise NotAuthorized(Later("Google's tokens cannot be reached")) from None
        except RefreshError as error:
            raise NotAuthorized(refused(error)) from None
        except GoogleAuthError:
            reason = "Google's credentials cannot be used"
            raise NotAuthorized(Broken(reason, f"they must be {KINDS}")) from None


def credentials_of(info: Mapping[str, Any], tokens: str) -> Any:
    """google-auth's credentials out of the file. Raises ValueError, KeyError, TypeError."""
    service: Any = ServiceCredentials  # their makers have no types
    user: Any = UserCredentials
    if info["type"] == "service_account":
        keyed = {**info, "token_uri": tokens}
        return service.from_service_account_info(keyed, scopes=[SCOPE])
    if info["type"] == "authorized_user":
        return user(
            None,
            refresh_token=info["refresh_token"],
            client_id=info["client_id"],
            client_secret=info["client_secret"],
            token_uri=tokens,
            scopes=[SCOPE],
            quota_project_id=info.get("quota_project_id"),
        )
    raise ValueError("another kind of credentials")


def refused(error: RefreshError) -> Broken | Later:
    """Why Google gives no token: OAuth's code alone, for the rest may hold its answer."""
    if error.retryable:
        return Later("Google gives no token now")
    code = str(error.args[0] if error.args else "").partition(":")[0][:80]
    advice = "make new credentials, and let their account into the account of the destination"
    return Broken(f"Google gives no token: {code}", advice)
