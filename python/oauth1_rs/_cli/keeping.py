"""The commands for what is kept: log in, list, show, add and remove profiles; and the providers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from oauth1_rs import providers
from oauth1_rs._cli import credentials, profiles
from oauth1_rs._cli.options import (
    check_standard_input,
    command,
    output_option,
    pairs,
    profile_names,
    provider_of,
    provider_options,
    reveal_option,
    secrets_option,
    settings_of,
    settings_options,
)
from oauth1_rs._cli.terminal import Failure, safe, say, write, write_json
from oauth1_rs.providers import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@command(
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
    callback=pairs("="),
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
    """Get a token in the browser, and store it as a profile.

    The client's key and secret come from OAUTH1_CLIENT_KEY and OAUTH1_CLIENT_SECRET, from
    --secrets-fd, or are asked for.
    """
    from oauth1_rs._cli.login import Login, login  # noqa: PLC0415 - others need no browser

    provider = _login_provider(options)
    name = options["profile"] or options["provider"] or "default"
    profiles.check_name(name)
    profiles.check_folder()
    is_oob = options["oob"] or provider.settings.get("callback_uri") == "oob"
    if is_oob and not provider.accepts_oob:
        raise click.UsageError(f"{provider.title} accepts no --oob")
    check_standard_input(options, *(["--oob"] if is_oob else []))
    settings = settings_of(options, provider)
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
    profile = _new_profile(name, values, settings, provider)
    token = login(how, credentials.Credentials(values, settings).keywords())
    _store(profile, token, options["output"])


def _login_provider(options: Mapping[str, Any]) -> Provider:
    known = provider_of(options["provider"], options["parameters"]) or Provider(name="")
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
    provider = replace(known, **given)
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


def _new_profile(
    name: str, values: Mapping[str, str], settings: dict[str, Any], provider: Provider | None
) -> profiles.Profile:
    urls = [provider.request_token_url, provider.access_token_url] if provider else []
    return profiles.Profile(
        name=name,
        client_key=values["client_key"],
        secrets={key: value for key, value in values.items() if key != "client_key"},
        settings=settings,
        # They have the secrets already, or are to have them.
        origins=sorted({profiles.origin_of(url) for url in urls if url is not None}),
        provider=provider.name if provider else "",
    )


def _store(profile: profiles.Profile, token: Mapping[str, Any], output: str) -> None:
    """Store a profile with what a token response has, and say where it is."""
    names = {"oauth_token": "token", "oauth_token_secret": "token_secret"}
    got = {ours: str(token[name]) for name, ours in names.items() if name in token}
    # Whatever else it answers: nothing by which the client itself, or its token, would be another.
    known = {*names, "oauth_callback_confirmed", *credentials.NAMES}
    others = {name: str(value) for name, value in token.items() if name not in known}
    profile.secrets |= {**got, **others}
    is_new = profile.name not in profiles.names()
    profiles.save(profile)
    if profile.store == "file":
        say(
            "No keyring can be used: the secrets are in "
            f"{profiles.folder() / f'{profile.name}.json'}, which only you can read.",
            "yellow",
        )
    verb = "Stored" if is_new else "Replaced"
    use = f"oauth1-rs request --profile {profile.name} GET URL"
    say(f"{verb} the profile {profile.name}. Use it: {use}", "green")
    if output == "json":
        write_json(
            {"profile": profile.name, "store": profile.store, "other_parameters": sorted(others)}
        )


@click.group("profiles", invoke_without_command=True, epilog="Without a command: list.")
@click.pass_context
def profiles_group(context: click.Context) -> None:
    """List, show, add, allow and remove stored credentials."""
    if context.invoked_subcommand is None:
        context.invoke(list_command, output="text")


@command("list", "  oauth1-rs profiles list --output json\n")
@output_option
def list_command(output: str) -> None:
    """List the profiles, without their secrets."""
    found = []
    for name in profiles.names():
        try:
            found.append(profiles.describe(name))
        except Failure as failure:  # noqa: PERF203 - the others are to be listed
            failure.show()
    if output == "json":
        names = ["name", "provider", "client_key", "settings", "origins", "created", "store"]
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


@command("show", "  oauth1-rs profiles show example --reveal\n")
@click.argument("name", shell_complete=profile_names)
@reveal_option
@output_option
def show_command(name: str, *, reveal: bool, output: str) -> None:
    """Show a profile, its secrets with --reveal only.

    Without, it says how long they are.
    """
    profile = profiles.load(name)
    shown: dict[str, Any] = {
        "name": profile.name,
        "provider": profile.provider,
        "created": profile.created,
        "store": profile.store,
        "client_key": profile.client_key,
        "origins": profile.origins,
        "settings": profile.settings,
        "secrets": profile.secrets
        if reveal
        else {key: f"({len(value)} characters)" for key, value in profile.secrets.items()},
    }
    if output == "json":
        write_json(shown)
        return
    settings, secrets = shown.pop("settings"), shown.pop("secrets")
    lines = {**shown, "origins": " ".join(profile.origins), **settings, **secrets}
    _print_table([[f"{key}:", str(value)] for key, value in lines.items()])


@command(
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
    provider = provider_of(options["provider"], options["parameters"])
    settings = settings_of(options, provider)
    values = credentials.given(options["secrets_fd"], options["client_key"])
    wanted = ["client_key", "client_secret", "token", "token_secret"]
    # A program gives what there is.
    is_complete = options["secrets_fd"] is not None or "client_key" in values
    wanted = wanted[:2] if is_complete else wanted
    credentials.ask_for(values, wanted, options["secrets_fd"], settings)
    _store(_new_profile(name, values, settings, provider), {}, options["output"])


@command(
    "allow",
    """\
  oauth1-rs profiles allow example https://api.example.com
""",
)
@click.argument("name", shell_complete=profile_names)
@click.argument("origin", metavar="URL")
def allow_command(name: str, origin: str) -> None:
    """Let PLAINTEXT send the secrets of a profile to the URL's host.

    With the other methods nothing secret is sent. Who got them at the login needs no leave.
    """
    profile = profiles.load(name)
    profile.origins = sorted({*profile.origins, profiles.origin_of(origin)})
    profiles.save(profile)
    say(f"{', '.join(profile.origins)} may have the secrets of the profile {name}.", "green")


@command("remove", "  oauth1-rs profiles remove example\n")
@click.argument("name", shell_complete=profile_names)
def remove_command(name: str) -> None:
    """Remove a profile and its secrets. The provider's own page revokes the token."""
    profiles.remove(name)
    say(f"Removed the profile {name}.", "green")


@command("providers", "  oauth1-rs providers --output json\n")
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


for part in (list_command, show_command, add_command, allow_command, remove_command):
    profiles_group.add_command(part)
