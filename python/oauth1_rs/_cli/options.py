"""The options that commands share, and what they stand for."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from oauth1_rs import providers
from oauth1_rs._cli import credentials, profiles
from oauth1_rs._cli.terminal import USAGE, Failure
from oauth1_rs._hops import FORM_MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oauth1_rs.providers import Provider

SIGNATURE_METHODS = [
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
    "PLAINTEXT",
]
SIGNATURE_TYPES = ["AUTH_HEADER", "QUERY", "BODY"]


def command(
    name: str, examples: str, cls: type[click.Command] = click.Command
) -> Callable[[Any], Any]:
    """Return a decorator that makes a command, with examples below its help."""
    return click.command(name, cls, epilog="\b\nExamples:\n" + examples)


def pairs(separator: str) -> Callable[[Any, Any, tuple[str, ...]], dict[str, str]]:
    """Return a callback that reads `name=value` options."""

    def read_pairs(_context: Any, _parameter: Any, values: tuple[str, ...]) -> dict[str, str]:
        read: dict[str, str] = {}
        for text in values:
            name, found, value = text.partition(separator)
            if not found:
                raise click.BadParameter(f"{text!r} is not of the form NAME{separator}VALUE")
            name = name.strip()
            if name.lower() in map(str.lower, read):
                raise click.BadParameter(f"{name!r} is given twice")
            read[name] = value.strip() if separator == ":" else value
        return read

    return read_pairs


def profile_names(_context: Any, _parameter: Any, incomplete: str) -> list[str]:
    with contextlib.suppress(Failure):
        return [name for name in profiles.names() if name.startswith(incomplete)]
    return []


def provider_names(_context: Any, _parameter: Any, incomplete: str) -> list[str]:
    return [name for name in providers.names() if name.startswith(incomplete)]


def combined(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        return functools.reduce(lambda done, option: option(done), reversed(decorators), function)

    return decorate


output_option = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: standard output is for programs.",
)
secrets_option = click.option(
    "--secrets-fd",
    type=click.IntRange(0, 2**31 - 1),
    metavar="N",
    help="A file descriptor with lines client_secret=..., token=..., token_secret=...",
)
provider_options = combined(
    click.option(
        "--provider",
        metavar="NAME",
        shell_complete=provider_names,
        help="Settings of a known provider: `oauth1-rs providers`.",
    ),
    click.option(
        "--set",
        "parameters",
        metavar="NAME=VALUE",
        multiple=True,
        callback=pairs("="),
        help="What the provider's URLs need, as in host=jira.example.com.",
    ),
)
settings_options = combined(
    click.option("--client-key", metavar="KEY", help="The client key, which is no secret."),
    click.option(
        "--signature-method",
        type=click.Choice(SIGNATURE_METHODS, case_sensitive=False),
        metavar="METHOD",
        help=", ".join(SIGNATURE_METHODS) + ".",
    ),
    click.option(
        "--signature-type",
        type=click.Choice(SIGNATURE_TYPES, case_sensitive=False),
        metavar="TYPE",
        help=f"Where the signature goes: {', '.join(SIGNATURE_TYPES)}.",
    ),
    click.option("--realm", metavar="TEXT"),
    click.option(
        "--rsa-key",
        type=click.Path(exists=True, dir_okay=False, resolve_path=True),
        help="The file of a private key.",
    ),
    click.option(
        "--allow-insecure-plaintext",
        is_flag=True,
        default=None,
        help="Let PLAINTEXT send the secrets over plain http.",
    ),
)
SETTINGS = ["signature_method", "signature_type", "realm", "rsa_key", "allow_insecure_plaintext"]
signing_options = combined(
    click.option(
        "--profile", metavar="NAME", shell_complete=profile_names, help="Stored credentials."
    ),
    secrets_option,
    provider_options,
    settings_options,
)
body_options = combined(
    click.option(
        "-d",
        "--data",
        multiple=True,
        metavar="TEXT",
        help="A form, or part of one, as it stands; @FILE reads a file, @- standard input.",
    ),
    click.option(
        "--data-urlencode",
        multiple=True,
        metavar="NAME=VALUE",
        help="A field of a form, not encoded yet.",
    ),
    click.option("--json", "json_text", metavar="TEXT", help="A JSON body; @FILE and @- as above."),
    click.option("-H", "--header", multiple=True, metavar="NAME:VALUE", callback=pairs(":")),
)
request_arguments = combined(
    click.argument("method"), click.argument("url"), signing_options, body_options, output_option
)


def provider_of(name: str | None, parameters: dict[str, str]) -> Provider | None:
    if name is None:
        if parameters:
            raise click.UsageError("--set needs --provider")
        return None
    known = providers.template(name)
    # As options are called, not keywords.
    missing = [f"--set {it}={known.parameters[it]['example']}" for it in known.parameters]
    if known.parameters.keys() - parameters.keys():
        raise click.UsageError(f"{known.title} needs {' '.join(missing)} or the like")
    return known.filled(**parameters)


def settings_of(options: Mapping[str, Any], provider: Provider | None) -> dict[str, Any]:
    settings = dict(provider.settings) if provider else {}
    settings.pop("callback_uri", None)
    return settings | {name: options[name] for name in SETTINGS if options[name] is not None}


def credentials_of(options: Mapping[str, Any]) -> credentials.Credentials:
    provider = provider_of(options["provider"], options["parameters"])
    return credentials.find(
        options["profile"],
        options["secrets_fd"],
        options["client_key"],
        settings_of(options, provider),
    )


def check_standard_input(options: Mapping[str, Any], *others: str) -> None:
    """Refuse to read standard input for two things: the second would get nothing."""
    readers = ["--secrets-fd 0"] if options["secrets_fd"] == 0 else []
    readers += ["-d @-"] * options.get("data", ()).count("@-")
    readers += ["--json @-"] if options.get("json_text") == "@-" else []
    readers += others
    if len(readers) > 1:
        raise click.UsageError(f"standard input is read once, not for {' and '.join(readers)}")


def _content(text: str) -> bytes:
    """Return what an option stands for: itself, a file, or standard input."""
    if text == "@-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        with open(text[1:], "rb") as file:  # noqa: PTH123 - a path is what it is
            return file.read()
    except OSError as error:
        raise Failure(USAGE, f"{text[1:]} cannot be read: {error.strerror}") from None


def body_of(options: Mapping[str, Any], *other_readers: str) -> tuple[bytes | None, dict[str, str]]:
    """Return the body and the headers that the options ask for.

    `other_readers` is what else standard input is to be read for.
    """
    check_standard_input(options, *other_readers)
    headers: dict[str, str] = dict(options["header"])
    if "authorization" in {name.lower() for name in headers}:
        raise click.UsageError("-H Authorization is what this command makes")
    fields = [_content(text) for text in options["data"]]
    for text in options["data_urlencode"]:
        name, equals, value = text.partition("=")
        name, value = (quote(os.fsencode(it), safe="") for it in (name, value))
        fields.append(f"{name}{equals}{value}".encode())
    if options["json_text"] is None:
        body, media_type = b"&".join(fields) if fields else None, FORM_MEDIA_TYPE
    elif fields:
        raise click.UsageError("a body is a form or JSON: not both")
    else:
        body, media_type = _content(options["json_text"]), "application/json"
        try:
            json.loads(body)
        except (ValueError, RecursionError) as error:
            raise click.UsageError(f"--json is no JSON: {error}") from None
    if body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = media_type
    return body, headers


reveal_option = click.option("--reveal", is_flag=True, help="Show secrets.")
