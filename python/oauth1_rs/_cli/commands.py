"""The commands and their options."""

from __future__ import annotations

import base64
import functools
import json
import shlex
import sys
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import requests

from oauth1_rs import OAuth1, OAuth1Error, OAuth1Session, TokenError, providers
from oauth1_rs._cli import credentials, profiles
from oauth1_rs._cli.terminal import (
    INTERRUPTED,
    NETWORK,
    REFUSED,
    USAGE,
    Failure,
    safe,
    say,
    write,
    write_json,
    write_rich,
)
from oauth1_rs._curl import parse as parse_curl
from oauth1_rs.providers import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from oauth1_rs import Explanation

HTTP_ERROR = 400
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
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
PIECE_SIZE = 64 * 1024

EPILOG = """\b
Exit codes:
  0    done
  1    refused: by the provider, the user or the server; `diff` found something
  2    the command or its settings cannot be used
  3    nobody answered, or not in time
  4    there are no credentials, or they cannot be read
  130  interrupted

Secrets are never arguments: they come from a profile, the environment, --secrets-fd, or are asked
for.
"""


def run() -> int:
    """Run the command, and return its exit code."""
    # Python's warnings are for programmers; what they say here is for whoever typed the command.
    warnings.showwarning = lambda message, *_: say(f"Warning: {message}", "yellow")
    try:
        code: int | None = main.main(prog_name="oauth1-rs", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        # After the question, or what the terminal shows of Ctrl-C.
        say("\nInterrupted." if sys.stderr.isatty() else "Interrupted.")
        return INTERRUPTED
    except TokenError as error:
        say(f"Error: {error}", "red")
        return REFUSED
    except OAuth1Error as error:
        say(f"Error: {error}", "red")
        return USAGE
    except requests.RequestException as error:
        say(f"Error: {_reason(error)}", "red")
        return USAGE if isinstance(error, ValueError) else NETWORK
    return code or 0


def _reason(error: requests.RequestException) -> str:
    """Return what failed. The text of requests has the URL, in which a signature may be."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__ or _first(cause.args)) is not None:
        cause = deeper
    reason = "" if cause is error or "?" in str(cause) else f": {cause}"
    kinds = {
        requests.exceptions.SSLError: "the connection is not safe",
        requests.exceptions.ProxyError: "the proxy did not do it",
        requests.exceptions.Timeout: "the server did not answer in time",
        requests.exceptions.ConnectionError: "the server cannot be reached",
        requests.exceptions.TooManyRedirects: "the server redirects without end",
        requests.exceptions.MissingSchema: "the URL must begin with http:// or https://",
        requests.exceptions.InvalidSchema: "the URL must begin with http:// or https://",
        requests.exceptions.InvalidURL: "the URL cannot be used",
        requests.exceptions.InvalidHeader: "a header cannot be used",
    }
    found = (text for kind, text in kinds.items() if isinstance(error, kind))
    return next(found, "the answer broke off") + reason


def _first(values: tuple[object, ...]) -> BaseException | None:
    reasons = (getattr(value, "reason", value) for value in values)
    return next((it for it in reasons if isinstance(it, BaseException)), None)


# --- Options -----------------------------------------------------------------------------------


def _pairs(separator: str) -> Callable[[Any, Any, tuple[str, ...]], dict[str, str]]:
    """Return a callback that reads `name=value` options."""

    def read(_context: Any, _parameter: Any, values: tuple[str, ...]) -> dict[str, str]:
        pairs = {}
        for text in values:
            name, found, value = text.partition(separator)
            if not found:
                raise click.BadParameter(f"{text!r} is not of the form NAME{separator}VALUE")
            pairs[name.strip()] = value.strip() if separator == ":" else value
        return pairs

    return read


def _profile_names(_context: Any, _parameter: Any, incomplete: str) -> list[str]:
    return [name for name in profiles.names() if name.startswith(incomplete)]


def _provider_names(_context: Any, _parameter: Any, incomplete: str) -> list[str]:
    return [name for name in providers.names() if name.startswith(incomplete)]


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
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
    type=click.IntRange(min=0),
    metavar="N",
    help="A file descriptor with lines client_secret=..., token=..., token_secret=...",
)
provider_options = _options(
    click.option(
        "--provider",
        metavar="NAME",
        shell_complete=_provider_names,
        help="Settings of a known provider: `oauth1-rs providers`.",
    ),
    click.option(
        "--set",
        "parameters",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs("="),
        help="What the provider's URLs need, as in host=jira.example.com.",
    ),
)
settings_options = _options(
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
signing_options = _options(
    click.option(
        "--profile", metavar="NAME", shell_complete=_profile_names, help="Stored credentials."
    ),
    secrets_option,
    provider_options,
    settings_options,
)
body_options = _options(
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
    click.option("-H", "--header", multiple=True, metavar="NAME:VALUE", callback=_pairs(":")),
)
request_arguments = _options(
    click.argument("method"), click.argument("url"), signing_options, body_options, output_option
)


def _provider(name: str | None, parameters: dict[str, str]) -> Provider | None:
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


def _settings(options: Mapping[str, Any], provider: Provider | None) -> dict[str, Any]:
    settings = dict(provider.settings) if provider else {}
    settings.pop("callback_uri", None)
    return settings | {name: options[name] for name in SETTINGS if options[name] is not None}


def _credentials(options: Mapping[str, Any]) -> credentials.Credentials:
    provider = _provider(options["provider"], options["parameters"])
    return credentials.find(
        options["profile"],
        options["secrets_fd"],
        options["client_key"],
        _settings(options, provider),
    )


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


def _body(options: Mapping[str, Any]) -> tuple[bytes | None, dict[str, str]]:
    """Return the body and the headers that the options ask for."""
    headers: dict[str, str] = dict(options["header"])
    if "authorization" in {name.lower() for name in headers}:
        raise click.UsageError("-H Authorization is what this command makes")
    fields = [_content(text) for text in options["data"]]
    for text in options["data_urlencode"]:
        name, equals, value = text.partition("=")
        fields.append(f"{quote(name, safe='')}{equals}{quote(value, safe='')}".encode())
    if options["json_text"] is None:
        body, media_type = b"&".join(fields) if fields else None, FORM_MEDIA_TYPE
    elif fields:
        raise click.UsageError("a body is a form or JSON: not both")
    else:
        body, media_type = _content(options["json_text"]), "application/json"
        try:
            json.loads(body)
        except ValueError as error:
            raise click.UsageError(f"--json is no JSON: {error}") from None
    if body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = media_type
    return body, headers


# --- Commands ----------------------------------------------------------------------------------


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oauth1-rs", prog_name="oauth1-rs")
def main() -> None:
    """OAuth 1.0a: log in to providers, and sign requests (RFC 5849)."""


def command(
    group: click.Group, name: str, examples: str, cls: type[click.Command] = click.Command
) -> Callable[[Any], Any]:
    """Return a decorator that makes a command, with examples below its help."""
    return group.command(name, cls, epilog="\b\nExamples:\n" + examples)


@command(
    main,
    "login",
    """\
  oauth1-rs login --provider discogs --profile discogs
  oauth1-rs login --provider jira --set host=jira.example.com --rsa-key private.pem
  oauth1-rs login --profile example --request-token-url https://api.example.com/request_token
      --authorize-url https://api.example.com/authorize
      --access-token-url https://api.example.com/access_token
""",
)
@provider_options
@click.option("--request-token-url", metavar="URL")
@click.option("--authorize-url", metavar="URL")
@click.option("--access-token-url", metavar="URL")
@click.option(
    "--token-method",
    type=click.Choice(["GET", "POST"], case_sensitive=False),
    help="The HTTP method of the token requests.",
)
@click.option("--no-verifier", is_flag=True, help="The provider gives none (OAuth 1.0).")
@click.option("--unconfirmed", is_flag=True, help="The provider does not confirm the callback.")
@click.option(
    "--authorize-parameter",
    "page_parameters",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs("="),
    help="For the page's URL, as in perms=read.",
)
@click.option("--profile", metavar="NAME", help="The name to store it under.")
@click.option("--oob", is_flag=True, help="Ask for the code that the page shows.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where this machine waits for the browser; a free port unless told.",
)
@click.option("--no-browser", is_flag=True, help="Only print the page's URL.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    help="Seconds for all of it.",
)
@secrets_option
@settings_options
@output_option
def login_command(**options: Any) -> None:
    """Get a token: ask the provider, let the user allow it in a browser, store it as a profile.

    The client's key and secret come from OAUTH1_CLIENT_KEY and OAUTH1_CLIENT_SECRET, from
    --secrets-fd, or are asked for.
    """
    from oauth1_rs._cli.login import Login, login  # noqa: PLC0415 - others need no browser

    provider = _login_provider(options)
    name = options["profile"] or options["provider"] or "default"
    profiles.check_name(name)
    is_oob = options["oob"] or provider.settings.get("callback_uri") == "oob"
    if is_oob and not provider.accepts_oob:
        raise click.UsageError(f"{provider.title} accepts no --oob")
    settings = _settings(options, provider)
    values = credentials.given(options["secrets_fd"], options["client_key"])
    for unused in ("token", "token_secret"):
        values.pop(unused, None)
    credentials.ask_for(values, ["client_key", "client_secret"], options["secrets_fd"], settings)
    how = Login(
        provider=provider,
        page_parameters=options["page_parameters"],
        is_oob=is_oob,
        port=options["port"],
        opens_browser=not options["no_browser"],
        timeout=options["timeout"],
    )
    token = login(how, credentials.Credentials(values, settings).keywords())
    _store(name, values, token, settings, options)


def _login_provider(options: Mapping[str, Any]) -> Provider:
    known = _provider(options["provider"], options["parameters"]) or Provider(name="")
    method = options["token_method"]
    changes = {
        "request_token_url": options["request_token_url"],
        "authorization_url": options["authorize_url"],
        "access_token_url": options["access_token_url"],
        "request_token_method": method,
        "access_token_method": method,
        "gives_verifier": False if options["no_verifier"] else None,
        "confirms_callback": False if options["unconfirmed"] else None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    provider = Provider(**{**vars(known), **given})
    names = {
        "request_token_url": "--request-token-url",
        "authorization_url": "--authorize-url",
        "access_token_url": "--access-token-url",
    }
    missing = [option for name, option in names.items() if getattr(provider, name) is None]
    if missing and options["provider"]:
        raise click.UsageError(
            f"{provider.title} has no login in a browser ({', '.join(missing)} missing): store "
            "what it gave you with `oauth1-rs profiles add`"
        )
    if missing:
        raise click.UsageError(f"pass --provider, or {', '.join(missing)}")
    return provider


def _store(
    name: str,
    values: dict[str, str],
    token: Mapping[str, Any],
    settings: dict[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Store credentials, and say where they are."""
    names = {"oauth_token": "token", "oauth_token_secret": "token_secret"}
    answered = {names.get(key, key): str(value) for key, value in token.items()}
    answered.pop("oauth_callback_confirmed", None)
    is_new = name not in profiles.names()
    profile = profiles.Profile(
        name=name,
        client_key=values["client_key"],
        secrets={**{key: it for key, it in values.items() if key != "client_key"}, **answered},
        settings=settings,
        provider=options["provider"] or "",
    )
    profiles.save(profile)
    if profile.store == "file":
        say(
            f"No keyring can be used: the secrets are in {profiles.folder() / f'{name}.json'}, "
            "which only you can read.",
            "yellow",
        )
    verb = "Stored" if is_new else "Replaced"
    say(f"{verb} the profile {name}. Use it: oauth1-rs request --profile {name} GET URL", "green")
    if options["output"] == "json":
        others = sorted(answered.keys() - {"token", "token_secret"})
        write_json({"profile": name, "store": profile.store, "other_parameters": others})


@command(
    main,
    "request",
    """\
  oauth1-rs request --profile example GET https://api.example.com/resource
  oauth1-rs request --profile example -i POST https://api.example.com/resource -d status=Hello
  oauth1-rs request --profile example POST https://api.example.com/resource --json '{"a": 1}'
""",
)
@request_arguments
@click.option("-i", "--include", is_flag=True, help="Print status and headers, too.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30,
    show_default=True,
    help="Seconds that the server may take for its next bytes.",
)
def request_command(method: str, url: str, **options: Any) -> int:
    """Send a signed request, and print the body of the answer.

    Redirects within the origin are followed, and signed anew. A status of 400 and more ends with
    exit code 1.
    """
    body, headers = _body(options)
    with OAuth1Session(**_credentials(options).keywords()) as session:
        response = session.request(
            method.upper(), url, data=body, headers=headers, timeout=options["timeout"], stream=True
        )
        if options["output"] == "json":
            write_json(_response_json(response))
        else:
            _print_response(response, include=options["include"])
    return REFUSED if response.status_code >= HTTP_ERROR else 0


def _print_response(response: requests.Response, *, include: bool) -> None:
    if include:
        write(f"HTTP {response.status_code} {response.reason or ''}".rstrip())
        for name, value in response.headers.items():
            write(f"{name}: {value}")
        write("")
    if sys.stdout.isatty():
        write(response.text)
        return
    for piece in response.iter_content(PIECE_SIZE):
        sys.stdout.buffer.write(piece)
    sys.stdout.flush()


def _response_json(response: requests.Response) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "status": response.status_code,
        "reason": response.reason,
        "headers": [[name, value] for name, value in response.headers.items()],
    }
    try:
        return {**shown, "body": response.content.decode()}
    except UnicodeDecodeError:
        return {**shown, "body_base64": base64.b64encode(response.content).decode()}


def _sign(method: str, url: str, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the request as it would be sent, and its headers but for those of requests."""
    body, headers = _body(options)
    keywords = _credentials(options).keywords()
    if str(keywords.get("signature_method")).upper() == "PLAINTEXT" and not options["reveal"]:
        raise Failure(
            USAGE, "with PLAINTEXT the signature is the secrets: pass --reveal to show them"
        )
    prepared = requests.Request(
        method.upper(), url, data=body, headers=headers, auth=OAuth1(**keywords)
    ).prepare()
    sent = {
        name: value for name, value in prepared.headers.items() if name.lower() != "content-length"
    }
    return prepared, sent


def _text(body: bytes | str | None) -> str:
    try:
        return body.decode() if isinstance(body, bytes) else body or ""
    except UnicodeDecodeError:
        raise Failure(USAGE, "the body is no text: it cannot be shown") from None


reveal_option = click.option("--reveal", is_flag=True, help="Show secrets.")


@command(
    main,
    "curl",
    """\
  oauth1-rs curl --profile example GET https://api.example.com/resource
""",
)
@request_arguments
@reveal_option
def curl_command(method: str, url: str, **options: Any) -> None:
    """Print a curl command that sends the signed request."""
    prepared, headers = _sign(method, url, options)
    # curl would wait for a body after HEAD, rewrite paths, and take [::1] for a pattern.
    words = ["curl", *(["--head"] if prepared.method == "HEAD" else ["--request", prepared.method])]
    words += ["--globoff", "--path-as-is"]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    if prepared.body is not None:
        words += ["--data-raw", _text(prepared.body)]
    words.append(prepared.url)
    say(
        "The command carries a signature: for some minutes, whoever reads it can send this request "
        "once. Keep it to yourself.",
        "yellow",
    )
    if options["output"] == "json":
        write_json({"words": words, "command": shlex.join(words)})
    else:
        write(shlex.join(words))


@command(
    main,
    "sign",
    """\
  oauth1-rs sign --profile example GET https://api.example.com/resource
  oauth1-rs sign --profile example --signature-type QUERY GET https://api.example.com/resource
""",
)
@request_arguments
@reveal_option
def sign_command(method: str, url: str, **options: Any) -> None:
    """Print the Authorization header, or the URL or form that has the signature."""
    prepared, headers = _sign(method, url, options)
    if options["output"] == "json":
        body = None if prepared.body is None else _text(prepared.body)
        write_json(
            {"method": prepared.method, "url": prepared.url, "headers": headers, "body": body}
        )
    elif "Authorization" in headers:
        write(f"Authorization: {headers['Authorization']}")
    elif "oauth_signature=" in prepared.url:
        write(prepared.url)
    else:
        write(_text(prepared.body))


class CurlCommand(click.Command):
    """A command in which all that follows the word curl is a curl command, options included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the curl command aside, and read the rest."""
        if "curl" in args:
            start = args.index("curl")
            ctx.meta["curl"] = shlex.join(args[start:])
            args = args[:start]
        return super().parse_args(ctx, args)


curl_arguments = _options(
    click.argument("method", required=False),
    click.argument("url", required=False),
    signing_options,
    body_options,
    output_option,
)


def _explain(
    context: click.Context, method: str | None, url: str | None, options: Mapping[str, Any]
) -> Explanation:
    """Explain the request of the arguments: one in parts, a curl command, or one to be read."""
    curl: str | None = context.meta.get("curl")
    body, headers = _body(options)
    if curl is None and method is None:
        if sys.stdin.isatty():
            say("Paste a curl command; Ctrl-D on a new line ends it.")
        curl = sys.stdin.read()
    if curl is not None:
        if method is not None or body is not None or headers:
            raise click.UsageError("a request is a curl command or METHOD and URL: not both")
        read = parse_curl(curl)
        method, url, body, headers = read.method, read.url, read.body, dict(read.headers)
    elif url is None:
        raise click.UsageError("Missing argument 'URL'.")
    else:
        headers |= {"Content-Length": str(len(body))} if body is not None else {}
    # As it stands: requests would change the URL of a command that curl is to send.
    request = requests.PreparedRequest()
    request.method, request.url, request.body = method, url, body
    request.headers = requests.structures.CaseInsensitiveDict(headers)
    return OAuth1(**_credentials(options).keywords()).explain(request)


@command(
    main,
    "explain",
    """\
  oauth1-rs explain --profile example POST https://api.example.com/resource -d status=Hello
  oauth1-rs explain --profile example curl -d status=Hello https://api.example.com/resource
  xclip -o | oauth1-rs explain --profile example
""",
    cls=CurlCommand,
)
@curl_arguments
@click.pass_context
def explain_command(
    context: click.Context, /, method: str | None, url: str | None, **options: Any
) -> None:
    """Show what the signature of a request covers. No request is sent.

    The request is METHOD and URL, or a curl command: as arguments or, without any, on standard
    input.
    """
    explanation = _explain(context, method, url, options)
    if options["output"] == "json":
        write_json(explanation.to_dict())
    else:
        write_rich(explanation)


@command(
    main,
    "diff",
    """\
  oauth1-rs diff --profile example --with answer.txt GET https://api.example.com/resource
  oauth1-rs diff --profile example --with answer.txt curl https://api.example.com/resource
""",
    cls=CurlCommand,
)
@curl_arguments
@click.option(
    "--with",
    "other",
    type=click.File(errors="replace"),
    default="-",
    help="A file with what the other side signed; standard input unless told.",
)
@click.pass_context
def diff_command(
    context: click.Context, /, method: str | None, url: str | None, **options: Any
) -> int:
    """Find what another side signs differently: exit code 1 if there is something.

    The other side's is a text with its base string in it, such as a server's answer, an
    Authorization header, or a curl command.
    """
    other = options["other"]
    if method is None and "curl" not in context.meta:
        raise click.UsageError("Missing argument 'METHOD', or a curl command.")
    explanation = _explain(context, method, url, options)
    if other.isatty():
        say("Paste what the other side signed; Ctrl-D on a new line ends it.")
    difference = explanation.diff(other.read())
    if options["output"] == "json":
        write_json(difference.to_dict())
    else:
        write(str(difference))
    return 0 if difference.cause == "none" else REFUSED


@main.group("profiles", invoke_without_command=True, epilog="Without a command: list.")
@click.pass_context
def profiles_group(context: click.Context) -> None:
    """List, show, add and remove stored credentials."""
    if context.invoked_subcommand is None:
        context.invoke(list_command, output="text")


@command(profiles_group, "list", "  oauth1-rs profiles list --output json\n")
@output_option
def list_command(output: str) -> None:
    """List the profiles, without their secrets."""
    found = [profiles.describe(name) for name in profiles.names()]
    if output == "json":
        names = ["name", "provider", "client_key", "settings", "created", "store"]
        write_json([{name: getattr(it, name) for name in names} for it in found])
        return
    if not found:
        say("There is no profile: `oauth1-rs login` makes one.")
    _print_table(
        [["NAME", "PROVIDER", "CLIENT KEY", "CREATED", "STORE"]]
        + [[it.name, it.provider or "-", it.client_key, it.created, it.store] for it in found]
        if found
        else []
    )


@command(profiles_group, "show", "  oauth1-rs profiles show example --reveal\n")
@click.argument("name", shell_complete=_profile_names)
@reveal_option
@output_option
def show_command(name: str, *, reveal: bool, output: str) -> None:
    """Show a profile: of its secrets how long they are, or with --reveal what they are."""
    profile = profiles.load(name)
    shown: dict[str, Any] = {
        "name": profile.name,
        "provider": profile.provider,
        "created": profile.created,
        "store": profile.store,
        "client_key": profile.client_key,
        "settings": profile.settings,
        "secrets": profile.secrets
        if reveal
        else {key: f"({len(value)} characters)" for key, value in profile.secrets.items()},
    }
    if output == "json":
        write_json(shown)
        return
    settings, secrets = shown.pop("settings"), shown.pop("secrets")
    lines = {**shown, **settings, **secrets}
    _print_table([[f"{key}:", str(value)] for key, value in lines.items()])


@command(
    profiles_group,
    "add",
    """\
  oauth1-rs profiles add netsuite --provider netsuite --set account=1234567_SB1
""",
)
@click.argument("name")
@secrets_option
@provider_options
@settings_options
@output_option
def add_command(name: str, **options: Any) -> None:
    """Store credentials that the provider's own pages gave.

    They come from the environment, from --secrets-fd, or are asked for.
    """
    profiles.check_name(name)
    provider = _provider(options["provider"], options["parameters"])
    settings = _settings(options, provider)
    values = credentials.given(options["secrets_fd"], options["client_key"])
    wanted = ["client_key", "client_secret", "token", "token_secret"]
    # A program gives what there is.
    is_complete = options["secrets_fd"] is not None or "client_key" in values
    wanted = wanted[:2] if is_complete else wanted
    credentials.ask_for(values, wanted, options["secrets_fd"], settings)
    _store(name, values, {}, settings, options)


@command(profiles_group, "remove", "  oauth1-rs profiles remove example\n")
@click.argument("name", shell_complete=_profile_names)
def remove_command(name: str) -> None:
    """Remove a profile and its secrets. The provider's own page revokes the token."""
    profiles.remove(name)
    say(f"Removed the profile {name}.", "green")


@command(main, "providers", "  oauth1-rs providers --output json\n")
@output_option
def providers_command(output: str) -> None:
    """List the providers that --provider knows."""
    found = [providers.template(name) for name in providers.names()]
    if output == "json":
        write_json([_provider_json(it) for it in found])
        return
    rows = [["NAME", "PROVIDER", "LOGIN", "NEEDS"]]
    for it in found:
        needs = [f"--set {name}={one['example']}" for name, one in it.parameters.items()]
        if it.settings.get("signature_method", "").startswith("RSA"):
            needs.append("--rsa-key FILE")
        urls = it.request_token_url, it.authorization_url, it.access_token_url
        rows.append([it.name, it.title, "yes" if all(urls) else "no", " ".join(needs)])
    _print_table(rows)


def _provider_json(provider: Provider) -> dict[str, Any]:
    sources = [vars(source) for source in provider.sources]
    return {**vars(provider), "sources": sources}


def _print_table(rows: Iterable[list[str]]) -> None:
    """Print columns, as wide as they need."""
    rows = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        write("  ".join(cells).rstrip())
