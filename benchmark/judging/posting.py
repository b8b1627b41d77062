"""JSON over HTTP to one server: patient with a busy one, clear about a refusal, silent on keys."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from benchmark.messages.visible import visible

TRIES, LONGEST_WAIT_S, TIMEOUT_S = 5, 60.0, 120.0
MOST_BYTES = 1 << 22
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class BadRequestError(ValueError):
    """The server does not take the request as it is (400 or 422)."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key is for this server alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class Server:
    """A base URL such as https://api.openai.com/v1, and the variable that holds the key.

    Raises ValueError, one line, for what is no URL, and where a key would travel unencrypted.
    """

    base_url: str
    key_variable: str
    timeout_s: float = TIMEOUT_S
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"--base-url {self.base_url}: wanted one as https://HOST/v1")
        if parts.username or parts.password:
            raise ValueError("--base-url holds a password: put it into a variable (--key-variable)")
        if parts.scheme == "http" and parts.hostname not in LOCAL and self._key:
            raise ValueError(
                f"--base-url {self.base_url} is not encrypted and {self.key_variable} is set: "
                "wanted https://, or that variable unset"
            )

    @property
    def _opener(self) -> urllib.request.OpenerDirector:
        """Goes through the proxy that the environment names, to this machine without one."""
        local = urlsplit(self.base_url).hostname in LOCAL
        straight = [urllib.request.ProxyHandler({})] if local else []
        return urllib.request.build_opener(_Stay, *straight)

    @property
    def _key(self) -> str:
        return os.environ.get(self.key_variable, "").strip()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the server answers, as JSON; where it is busy (429, 5xx) it is asked again, later.

        Raises ValueError, one line, for a refusal, for a server that stays busy or silent, and for
        an answer that is no JSON; BadRequestError with what the server said for 400 and 422.
        """
        for attempt in range(TRIES):
            try:
                return self._once(path, body)
            except _BusyError as busy:
                if attempt == TRIES - 1:
                    raise ValueError(
                        f"{self.base_url} answers {busy} after {TRIES} tries: try again later"
                    ) from None
                self.sleep(min(busy.wait_s or 2.0**attempt, LONGEST_WAIT_S))
        raise AssertionError("unreachable")

    def _once(self, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        url = f"{self.base_url.rstrip('/')}/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        try:
            with self._opener.open(request, timeout=self.timeout_s) as reply:
                content = reply.read(MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error, url) from None
        except (OSError, HTTPException) as error:
            why = getattr(error, "reason", None) or error
            raise _BusyError(
                f"nothing ({type(error).__name__}: {self._hidden(str(why))})"
            ) from None
        try:
            return json.loads(content)
        except ValueError:
            raise ValueError(f"{url} answers no JSON: is it an OpenAI-compatible server?") from None

    def _refusal(self, error: urllib.error.HTTPError, url: str) -> Exception:
        code = error.code
        if code == 429 or code >= 500 or code == 408:
            return _BusyError(str(code), _seconds(error.headers.get("Retry-After")))
        if code in (401, 403):
            state = "is not accepted" if self._key else "is not set"
            return ValueError(
                f"{self.base_url} answers {code}: the key in {self.key_variable} {state}"
            )
        if code == 404:
            return ValueError(f"{url} answers 404: no such model or address; see --base-url")
        said = self._hidden(error.read(2000).decode("utf-8", "replace"))
        if code in (400, 422):
            return BadRequestError(f"{url} answers {code}: {said}")
        return ValueError(f"{url} answers {code}, wanted 200")

    def _hidden(self, text: str) -> str:
        """A text on one line, without the key."""
        plain = visible(" ".join(text.split()))
        return plain.replace(self._key, "…") if self._key else plain


class _BusyError(Exception):
    """The server is busy or silent: it may answer later."""

    def __init__(self, said: str, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.wait_s = wait_s


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds, where it is given so."""
    try:
        return max(float(text or ""), 0.0)
    except ValueError:
        return None
