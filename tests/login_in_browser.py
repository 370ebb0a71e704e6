"""`oauth1-rs login` as a person does it: a terminal, a browser with foreign providers, a keyring.

`make browser` runs this. It is not among the other tests, as it needs Chromium, Node, PHP, tmux and
the Secret Service.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import TESTS, Command
from dance_in_browser import (  # noqa: F401 - fixtures
    CLIENT,
    PROVIDERS,
    USER,
    Foreign,
    browser,
    foreign,
)
from playwright.sync_api import Browser, Page
from provider import Provider
from test_cli_login import PAGE, urls

SIZES = {"desktop": (1280, 800), "narrow": (320, 568)}
SECONDS = 30


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:  # noqa: F811 - a fixture
    context = browser.new_context(java_script_enabled=request.param)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def decide(page: Page, url: str, provider: Foreign, button: str) -> None:
    page.goto(url)
    if provider.has_users:
        page.get_by_label("User").fill(USER[0])
        page.get_by_label("Password").fill(USER[1])
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("button", ["Allow", "Deny"])
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_user_decides(
    page: Page,
    foreign: dict[str, Foreign],  # noqa: F811 - a fixture
    command: Command,
    name: str,
    button: str,
) -> None:
    title, code = ("Access is allowed", 0) if button == "Allow" else ("Access was denied", 1)
    if (name, button) == ("passport", "Deny"):  # which does not say of which token
        title, code = "Was access denied?", 130
    said: list[str] = []
    asked: list[str] = []
    page.on(
        "console", lambda it: said.append(it.text) if "/callback" in it.location["url"] else None
    )
    page.on("request", lambda request: asked.append(request.url))
    process = command.start(
        "login",
        "--no-browser",
        "--profile",
        "example",
        *urls(foreign[name].url),
        environment={"OAUTH1_CLIENT_KEY": CLIENT[0], "OAUTH1_CLIENT_SECRET": CLIENT[1]},
    )
    decide(page, command.said(PAGE), foreign[name], button)
    page.wait_for_url("**/callback?**")
    assert page.title() == f"{title} - oauth1-rs"
    assert page.get_by_role("heading", level=1).inner_text() == title
    assert page.get_by_role("main").is_visible()
    assert all(url.startswith("http://127.0.0.1:") for url in asked)
    # Nothing that its own policy would have forbidden. That it failed is what the status says.
    assert [text for text in said if not re.search("status of 40[03]", text)] == []
    if shots := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(shots) / f"{name}-{button}.png")
    if code == 130:
        process.send_signal(signal.SIGINT)
    done = command.ended(process)
    assert done.code == code, done.messages
    if code == 0:
        resource = f"{foreign[name].url}/resource"
        sent = command("request", "--profile", "example", "POST", resource, "-d", "a=b+c")
        assert sent.code == 0, sent.messages
        assert sent.json()["method"] == "POST"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_page_fits(
    browser: Browser,  # noqa: F811 - a fixture
    command: Command,
    provider: Provider,
    size: str,
    scheme: str,
) -> None:
    """On small screens, too, and with text at twice its size; and its colours can be told apart."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    command.start(
        "login",
        "--no-browser",
        *urls(provider.url),
        environment={
            "OAUTH1_CLIENT_KEY": provider.client_key,
            "OAUTH1_CLIENT_SECRET": provider.client_secret,
        },
    )
    callback = command.said(r"Waiting for the browser at (\S+);")
    page.goto(f"{callback}?oauth_token=f0reign")
    assert page.title() == "This is not the page that was waited for - oauth1-rs"
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(overflow) is False
    for selector in ("h1", "p"):
        assert contrast(page, selector) >= 4.5  # WCAG 2.2, 1.4.3
    if shots := os.environ.get("SCREENSHOTS"):
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.screenshot(path=Path(shots) / f"wrong-{size}-{scheme}.png")
    context.close()


def contrast(page: Page, selector: str) -> float:
    """Return the contrast of text and background, as WCAG computes it."""
    style = "getComputedStyle(document.querySelector('{}')).{}"
    light, dark = sorted(
        (
            luminance(page.evaluate(style.format(selector, "color"))),
            luminance(page.evaluate(style.format("main", "backgroundColor"))),
        ),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return sum(it * weight for it, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


class Terminal:
    """A terminal of tmux, in which somebody types."""

    def __init__(self, command: Command) -> None:
        script = command.home / "oauth1-rs"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m oauth1_rs "$@"\n')
        script.chmod(0o755)
        self._socket = ["tmux", "-S", str(command.home / "tmux")]
        self._environment = {
            **command.environment,
            "PATH": f"{command.home}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
        }
        self._run("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "50", "bash --norc")
        self.type("PS1=REA''DY")
        self.shows("READY")

    def _run(self, *words: str) -> str:
        return subprocess.run(
            [*self._socket, *words],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)
        self._run("send-keys", "Enter")

    def interrupt(self) -> None:
        self._run("send-keys", "C-c")

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-J")

    def shows(self, text: str) -> str:
        """Wait until the screen shows a text, and return the screen."""
        end = time.monotonic() + SECONDS
        while text not in (screen := self.screen()):
            if time.monotonic() > end:
                raise AssertionError(screen)
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def terminal(command: Command) -> Iterator[Terminal]:
    terminal = Terminal(command)
    yield terminal
    terminal.close()


def test_somebody_types_it_all(provider: Provider, terminal: Terminal) -> None:
    terminal.type(f"export BROWSER='{sys.executable} {TESTS / 'browser.py'} %s'; clear")
    terminal.type(f"oauth1-rs login --profile example {' '.join(urls(provider.url))}")
    terminal.shows("Client key:")
    terminal.type(provider.client_key)
    terminal.shows("Client secret:")
    terminal.type(provider.client_secret)
    screen = terminal.shows("Stored the profile example.")
    assert provider.client_secret not in screen
    assert "3/3 Asking 127.0.0.1 for the token" in screen
    terminal.type("clear")
    terminal.type(f"oauth1-rs request --profile example GET {provider.url}/resource && echo DO''NE")
    assert '"method":"GET"' in terminal.shows("DONE")
    terminal.type("clear")
    terminal.type("oauth1-rs login --provider discogs")
    terminal.shows("Client key:")
    terminal.interrupt()
    terminal.shows("Interrupted.")
    terminal.type("clear; oauth1-rs profiles show example; echo CODE''=$?")
    screen = terminal.shows("CODE=0")
    assert "client_secret:" in screen
    assert provider.client_secret not in screen


def test_the_secret_service_keeps_the_secrets(command: Command, provider: Provider) -> None:
    """GNOME's, which is what keyring uses on most Linux desktops."""
    (command.home / "run").mkdir(mode=0o700)
    python = shlex.quote(sys.executable)
    script = f"""
printf pass | gnome-keyring-daemon --unlock --components=secrets >unlocked
{python} -m oauth1_rs profiles add example --output json
env -u OAUTH1_CLIENT_KEY {python} -m oauth1_rs request --profile example GET {provider.url}/resource
{python} -m oauth1_rs profiles remove example
{python} -m keyring get oauth1-rs example || echo nothing left
"""
    environment = {
        **command.environment,
        "XDG_RUNTIME_DIR": str(command.home / "run"),
        "OAUTH1_CLIENT_KEY": provider.client_key,
        "OAUTH1_CLIENT_SECRET": provider.client_secret,
        "OAUTH1_TOKEN": provider.token,
        "OAUTH1_TOKEN_SECRET": provider.token_secret,
    }
    del environment["PYTHON_KEYRING_BACKEND"]
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-eu", "-c", script],
        env=environment,
        cwd=command.home,
        capture_output=True,
        text=True,
        timeout=SECONDS * 4,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"store": "keyring"' in done.stdout
    assert '"method":"GET"' in done.stdout
    assert "nothing left" in done.stdout
    for file in command.profiles.parent.rglob("*"):
        assert not file.is_file() or provider.token_secret not in file.read_text()
