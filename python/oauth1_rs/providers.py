"""What providers ask for, as `providers.json` has it: endpoints, settings, and what is peculiar.

Each fact there has the page or the code that it was read in, and when; none was tried against a
live server.

>>> from oauth1_rs import OAuth1Session, providers
>>> providers.get("jira", host="jira.example.com").request_token_url
'https://jira.example.com/plugins/servlet/oauth/request-token'
>>> session = OAuth1Session.for_provider("x", "client key", "client secret", callback_uri="oob")
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from oauth1_rs.exceptions import OAuth1Error, OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Provider", "Source", "get", "names"]

# A host with its port and the path below which the provider is, unless the file says otherwise.
# No segment is "." or "..": HTTP clients resolve those, and send another path than was signed.
HOST = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]+)?(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*"
ENTRIES: dict[str, dict[str, Any]] = json.loads(
    files("oauth1_rs").joinpath("providers.json").read_text(encoding="utf-8")
)
URLS = "request_token_url", "authorization_url", "access_token_url"


@dataclass(frozen=True)
class Source:
    """Where something was read.

    Attributes
    ----------
    facts : tuple of str
        The attributes of the provider that it tells; ``settings.realm`` is one of ``settings``.
    url : str
        The page or the code, "" if there is none.
    seen : str
        The month, as in "2026-11".
    verified : bool
        ``False`` for what no source says.
    """

    facts: tuple[str, ...]
    url: str = ""
    seen: str = ""
    verified: bool = True


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider, for ``for_provider`` of the sessions. One of your own may be made, too.

    Attributes
    ----------
    name : str
        As in ``names()``.
    title : str
        The name for people.
    request_token_url, authorization_url, access_token_url : str or None
        The three URLs of RFC 5849 section 2. ``None`` if it has none.
    request_token_method, access_token_method : str
        The HTTP method of the token requests.
    token_parameter : str
        The token's name in the query of ``authorization_url``.
    authorization_parameters : mapping of str to str
        What that query has besides. ``{client_key}`` stands for the client's.
    page_parameters : tuple of str
        The names of what else it may have.
    callback_on_page : bool
        Whether the callback goes there, as in OAuth 1.0 before revision A, and not to
        ``request_token_url``.
    accepts_oob : bool
        Whether "oob" is a callback.
    gives_verifier, confirms_callback : bool
        Whether it does, as RFC 5849 sections 2.2 and 2.1 ask.
    settings : mapping
        Keywords of ``OAuth1`` and the sessions.
    token_settings : mapping
        Those that are others in token requests.
    parameters : mapping of str to mapping
        What URLs and settings need to know of an account: each with an ``example``, perhaps a
        ``pattern`` that it matches, and what an ``underscore_in_host`` becomes.
    sources : tuple of Source
        Where that was read.
    """

    name: str
    title: str = ""
    request_token_url: str | None = None
    authorization_url: str | None = None
    access_token_url: str | None = None
    request_token_method: str = "POST"
    access_token_method: str = "POST"
    token_parameter: str = "oauth_token"
    authorization_parameters: Mapping[str, str] = field(default_factory=dict)
    page_parameters: tuple[str, ...] = ()
    callback_on_page: bool = False
    accepts_oob: bool = True
    gives_verifier: bool = True
    confirms_callback: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    token_settings: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def filled(self, **values: str) -> Provider:
        """Return the provider with its ``parameters`` put into URLs and settings.

        Raises
        ------
        OAuth1TypeError
            One is missing, is not asked for, or is not a ``str``.
        OAuth1Error
            One has not the form that the provider's have.
        """
        for name in values.keys() - self.parameters.keys():
            raise OAuth1TypeError(f"{self.title or self.name} has no parameter {name}")
        for name, parameter in self.parameters.items():
            if name not in values:
                raise OAuth1TypeError(
                    f"{self.title or self.name} needs {name}=, as in {parameter['example']!r}"
                )
            value = values[name]
            if not isinstance(value, str):
                raise OAuth1TypeError(
                    f"{name} must be a str, as in {parameter['example']!r}, got "
                    f"{type(value).__name__}"
                )
            if not re.fullmatch(parameter.get("pattern", HOST), value):
                raise OAuth1Error(
                    f"{name} is {value!r}, and looks like {parameter['example']!r} for "
                    f"{self.title or self.name}"
                )
        in_urls = {
            name: _in_url(value, self.parameters[name].get("underscore_in_host", "_"))
            for name, value in values.items()
        }
        urls = {name: _fill(getattr(self, name), in_urls) for name in URLS}
        settings = {name: _fill(value, values) for name, value in self.settings.items()}
        return replace(self, **urls, settings=settings, parameters={})


def names() -> list[str]:
    """Return the names of the providers that are known."""
    return sorted(ENTRIES)


def get(name: str, **parameters: str) -> Provider:
    """Return the provider of a name.

    Parameters
    ----------
    name : str
        One of ``names()``.
    **parameters : str
        Its ``parameters``: the ``host`` of a Jira, the ``account`` at NetSuite.

    Raises
    ------
    OAuth1TypeError
        One of ``parameters`` is missing, is not asked for, or is not a ``str``.
    OAuth1Error
        There is no such provider, or one of ``parameters`` has not the form that it needs.
    """
    return template(name).filled(**parameters)


def template(name: str) -> Provider:
    """Return the provider of a name, its ``parameters`` not filled in."""
    if name not in ENTRIES:
        raise OAuth1Error(f"there is no provider {name!r}: accepted are {', '.join(names())}")
    entry = {**ENTRIES[name]}
    sources = tuple(Source(**{**it, "facts": tuple(it["facts"])}) for it in entry.pop("sources"))
    entry["page_parameters"] = tuple(entry.get("page_parameters", ()))
    return Provider(name=name, sources=sources, **entry)


def _fill(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
    return template


def _in_url(value: str, underscore: str) -> str:
    """Return how it stands in a URL: a host in lower case, the path after it as it is."""
    host, slash, path = value.partition("/")
    return host.lower().replace("_", underscore) + slash + path
