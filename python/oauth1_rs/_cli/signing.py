"""The commands for requests: send them, or show what would be sent, and what is signed."""

from __future__ import annotations

import base64
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click
import requests

from oauth1_rs import OAuth1, OAuth1Session
from oauth1_rs._cli import user_agent
from oauth1_rs._cli.options import (
    body_of,
    body_options,
    combined,
    command,
    credentials_of,
    output_option,
    request_arguments,
    reveal_option,
    signing_options,
)
from oauth1_rs._cli.terminal import (
    REFUSED,
    USAGE,
    Failure,
    say,
    write,
    write_exact,
    write_json,
    write_rich,
)
from oauth1_rs._curl import parse as parse_curl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oauth1_rs import Explanation

HTTP_ERROR = 400
PIECE_SIZE = 64 * 1024


@command(
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
    body, headers = body_of(options)
    found = credentials_of(options)
    # The URL as it is sent: others find another host in "https://a\\@b".
    found.check_origin(str(requests.Request(method.upper(), url).prepare().url))
    with OAuth1Session(**found.keywords()) as session:
        session.headers["User-Agent"] = user_agent()
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
    body, headers = body_of(options)
    keywords = credentials_of(options).keywords()
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


@command(
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
        # curl leaves out "Name:".
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    if prepared.body is not None:
        if prepared.method == "HEAD":
            raise Failure(
                USAGE, "curl sends no body with HEAD: leave it out, or use another method"
            )
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
        write_exact(shlex.join(words))


@command(
    "sign",
    """\
  oauth1-rs sign --profile example GET https://api.example.com/resource
  oauth1-rs sign --profile example --signature-type QUERY GET https://api.example.com/resource
""",
)
@request_arguments
@reveal_option
def sign_command(method: str, url: str, **options: Any) -> None:
    """Print the signed header, URL or form.

    Which of them has the signature is what --signature-type says.
    """
    prepared, headers = _sign(method, url, options)
    if options["output"] == "json":
        body = None if prepared.body is None else _text(prepared.body)
        write_json(
            {"method": prepared.method, "url": prepared.url, "headers": headers, "body": body}
        )
    elif "Authorization" in headers:
        write(f"Authorization: {headers['Authorization']}")
    elif re.search("[?&]oauth_signature=", prepared.url):
        write_exact(prepared.url)
    else:
        write_exact(_text(prepared.body))


class CurlCommand(click.Command):
    """A command in which all that follows the word curl is a curl command, options included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the curl command aside, and read the rest."""
        for start in [index for index, word in enumerate(args) if word == "curl"]:
            try:
                self.make_parser(ctx).parse_args(args[:start])
            except click.BadOptionUsage:
                continue  # it is the value of the option before it
            ctx.meta["curl"] = shlex.join(args[start:])
            args = args[:start]
            break
        return super().parse_args(ctx, args)


curl_arguments = combined(
    click.argument("method", required=False),
    click.argument("url", required=False),
    signing_options,
    body_options,
    output_option,
)


def _explain(
    context: click.Context,
    method: str | None,
    url: str | None,
    options: Mapping[str, Any],
    *other_readers: str,
) -> Explanation:
    """Explain the request of the arguments: one in parts, a curl command, or one to be read.

    `other_readers` is what else standard input is to be read for.
    """
    curl: str | None = context.meta.get("curl")
    is_read = curl is None and method is None
    if is_read:
        other_readers = ("the request (no METHOD and URL, no curl command)", *other_readers)
    body, headers = body_of(options, *other_readers)
    if is_read:
        if sys.stdin.isatty():
            say("Paste a curl command; Ctrl-D on a new line ends it.")
        curl = sys.stdin.read()
    if curl is not None:
        if method is not None or body is not None or headers:
            raise click.UsageError("a request is a curl command or METHOD and URL: not both")
        read = parse_curl(curl)
        # As it stands: requests would change the URL of a command that curl is to send.
        request = requests.PreparedRequest()
        request.method, request.url = read.method, read.url
        request.body = read.body  # type: ignore[assignment]  # one that is not read, perhaps
        request.headers = requests.structures.CaseInsensitiveDict(read.headers)
    elif method is None or url is None:
        raise click.UsageError("Missing argument 'URL'.")
    else:
        request = requests.Request(method.upper(), url, data=body, headers=headers).prepare()
    return OAuth1(**credentials_of(options).keywords()).explain(request)


@command(
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
    """Find what another side signs differently.

    The exit code is 1 if there is something. The request is given as to explain. The other side's
    is a text with its base string in it, such as a server's answer, an Authorization header, or a
    curl command.
    """
    other = options["other"]
    is_read = other.fileno() == sys.stdin.fileno()
    readers = ["what the other side signed (no --with FILE)"] if is_read else []
    explanation = _explain(context, method, url, options, *readers)
    if other.isatty():
        say("Paste what the other side signed; Ctrl-D on a new line ends it.")
    difference = explanation.diff(other.read())
    if options["output"] == "json":
        write_json(difference.to_dict())
    else:
        write(str(difference))
    return 0 if difference.cause in {"none", "same"} else REFUSED
