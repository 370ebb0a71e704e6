"""Other people's suites: the one table of what runs and of what is expected to differ.

The source distributions are pinned by their hashes; what they need is in requirements.lock. Their
tests run as they are. `flows/` has what a package without tests of its own is used for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Suite:
    """A suite, and what must come of it: anything else is a failure."""

    sdist: str
    """Name and version, as pip writes them."""
    sha256: str
    passes: int
    """How many tests pass."""
    tests: tuple[str, ...] = ()
    """What of the source distribution runs."""
    flows: tuple[str, ...] = ()
    """What of our own runs."""
    is_isolated: bool = False
    """Whether each test runs in a process of its own."""
    plugins: tuple[str, ...] = ()
    """More plugins of pytest, see this directory."""
    differs: Mapping[str, str] = field(default_factory=dict)
    """The tests that do not pass, and why. A skipped one does not pass either."""
    note: str = ""


THEIR_INSIDES = (
    "replaces get_oauth_signature of oauthlib's Client, to give a key that is none; see below for "
    "the same with that Client"
)

REQUESTS_OAUTHLIB = Suite(
    sdist="requests-oauthlib==2.0.0",
    sha256="b3dffaebd884d8cd778494369603a9e7b58d29111bf6b41bdc2dcd87203af4e9",
    tests=("tests/test_core.py", "tests/test_oauth1_session.py"),
    is_isolated=True,
    passes=24,
    plugins=("nonces",),
    differs={
        "tests/test_core.py::OAuth1Test::test_register_client_class": (
            "client_class is our Client, not oauthlib's; setting it works"
        )
    },
)
FLASK_DANCE = Suite(
    sdist="flask-dance==7.1.0",
    sha256="6d0510e284f3d6ff05af918849791b17ef93a008628ec33f3a80578a44b51674",
    tests=(
        "tests/consumer/test_oauth1.py",
        "tests/consumer/test_requests.py",
        "tests/contrib/test_jira.py",
    ),
    passes=34,
    differs={
        "tests/contrib/test_jira.py::test_load_from_config": THEIR_INSIDES,
        "tests/contrib/test_jira.py::test_content_type": THEIR_INSIDES,
        "tests/contrib/test_jira.py::test_context_local": THEIR_INSIDES,
    },
)


def with_their_client(suite: Suite) -> Suite:
    """Return the suite with oauthlib's `Client` as `client_class`: then nothing differs."""
    return replace(
        suite,
        passes=suite.passes + len(suite.differs),
        plugins=("oauthlib_clients",),
        differs={},
        note="with client_class set to oauthlib's Client",
    )


SUITES = (
    REQUESTS_OAUTHLIB,
    with_their_client(REQUESTS_OAUTHLIB),
    FLASK_DANCE,
    with_their_client(FLASK_DANCE),
    Suite(
        sdist="social-auth-core==7.0.0",
        sha256="196f24d693cd83c0a4c45a9c8b0adb9778a3f1254854909903ba9b93f5540935",
        passes=147,
        tests=(
            *(
                f"social_core/tests/backends/test_{backend}.py"
                for backend in (
                    "discogs",
                    "evernote",
                    "fitbit",
                    "flickr",
                    "mediawiki",
                    "tripit",
                    "tumblr",
                    "twitter",
                    "upwork",
                    "xing",
                    "zotero",
                )
            ),
            "social_core/tests/backends/test_google.py::GoogleOAuth1Test",
            "social_core/tests/test_auth_failure_boundaries.py",
            "social_core/tests/test_provider_errors.py",
            "social_core/tests/test_token_response_errors.py",
        ),
    ),
    Suite(
        sdist="mwoauth==0.4.0",
        sha256="22e3403e748e70146f8eccc1430fe542c9f9c4ff677eff424a52e644f6d8f7c5",
        passes=4,
        tests=("mwoauth/tests/test_functions.py",),
        flows=("flow_mwoauth.py",),
    ),
    Suite(
        sdist="flickrapi==2.4.0",
        sha256="ffb27b0e4f6d3ae8fc7d20e4696d2de2f95093ecf665a93d7f1d5a3383f8e20d",
        passes=2,
        flows=("flow_flickrapi.py",),
    ),
    Suite(
        sdist="tweepy==4.17.0",
        sha256="c232e9fffa0b15b81d5ff8ec59d46af85e330285ffc3e64614d2418fb9af71b5",
        passes=2,
        flows=("flow_tweepy.py",),
    ),
    Suite(
        sdist="jira==3.10.5",
        sha256="2d09ae3bf4741a2787dd889dfea5926a5d509aac3b28ab3b98c098709e6ee72d",
        passes=3,
        flows=("flow_jira.py",),
    ),
    Suite(
        sdist="discogs-client==2.3.0",
        sha256="cc979fcbb5283f74d388c7111c8ed6bef920b01614a014d6b1c5d6fbb554bfc3",
        passes=30,
        tests=("discogs_client/tests",),
        flows=("flow_discogs_client.py",),
    ),
)
