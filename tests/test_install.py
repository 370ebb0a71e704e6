"""`install` and `uninstall`: what `import requests_oauthlib` means, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SITE = Path(sysconfig.get_path("purelib"))
INSTALL = "import oauth1_rs.requests_oauthlib as ours; ours.install();"


@pytest.fixture(scope="session")
def without_peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with all that is installed but requests-oauthlib."""
    site = tmp_path_factory.mktemp("site")
    for path in SITE.iterdir():
        if not path.name.startswith("requests_oauthlib"):
            (site / path.name).symlink_to(path)
    return site


@pytest.fixture(params=["with requests-oauthlib", "without"])
def site(request: pytest.FixtureRequest, without_peer: Path) -> Path:
    return SITE if request.param == "with requests-oauthlib" else without_peer


def run(code: str, site: Path, directory: Path | None = None) -> str:
    """Run a program which finds the packages in `site`, and modules in `directory`."""
    places = [str(path) for path in (directory, site) if path]
    done = subprocess.run(
        # -S: nothing but what is named here is found.
        [
            sys.executable,
            "-I",
            "-S",
            "-W",
            "error",
            "-c",
            f"import sys; sys.path[1:1] = {places}\n{code}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


EVERY_NAME_IS_OURS = """
import oauth1_rs.requests_oauthlib as ours
import oauth1_rs.requests_oauthlib.oauth1_auth as our_auth
import oauth1_rs.requests_oauthlib.oauth1_session as our_session

import requests_oauthlib
import requests_oauthlib.oauth1_auth
import requests_oauthlib.oauth1_session
from requests_oauthlib import OAuth1, OAuth1Session, oauth1_auth, oauth1_session
from requests_oauthlib.oauth1_auth import OAuth1 as OAuth1InModule, Client
from requests_oauthlib.oauth1_session import OAuth1Session as SessionInModule
from requests_oauthlib.oauth1_session import TokenMissing, TokenRequestDenied, VerifierMissing

assert OAuth1 is OAuth1InModule is requests_oauthlib.OAuth1 is ours.OAuth1
assert OAuth1Session is SessionInModule is requests_oauthlib.OAuth1Session is ours.OAuth1Session
assert oauth1_auth is requests_oauthlib.oauth1_auth is our_auth
assert oauth1_session is requests_oauthlib.oauth1_session is our_session
assert Client is our_auth.Client
assert TokenMissing is ours.TokenMissing
assert requests_oauthlib.__version__ == "2.0.0"
assert OAuth1("key").client.sign("http://a/")[1][b"Authorization"].startswith(b"OAuth ")
"""


def test_every_oauth1_name_is_ours(site: Path) -> None:
    run(INSTALL + EVERY_NAME_IS_OURS, site)


def test_a_package_that_is_imported_already_gets_our_names() -> None:
    run(
        f"""
import requests_oauthlib
import requests_oauthlib.oauth1_session
package, oauth2 = requests_oauthlib, requests_oauthlib.OAuth2Session
{INSTALL}{EVERY_NAME_IS_OURS}
assert requests_oauthlib is package
assert requests_oauthlib.OAuth2Session is oauth2
""",
        SITE,
    )


def test_installing_imports_nothing_of_theirs() -> None:
    run(INSTALL + "assert not {'oauthlib', 'requests_oauthlib'} & set(sys.modules)", SITE)


def test_it_may_be_installed_again(site: Path) -> None:
    run(f"{INSTALL}{EVERY_NAME_IS_OURS}{INSTALL}{EVERY_NAME_IS_OURS}", site)


def test_reloading_brings_nothing_back(site: Path) -> None:
    run(
        f"""{INSTALL}
import importlib, requests_oauthlib
importlib.reload(requests_oauthlib)
{EVERY_NAME_IS_OURS}
for name in [name for name in sys.modules if name.startswith("requests_oauthlib")]:
    del sys.modules[name]
{EVERY_NAME_IS_OURS}
""",
        site,
    )


@pytest.mark.parametrize(
    "before", ["", "import requests_oauthlib; names = vars(requests_oauthlib).copy()"]
)
@pytest.mark.parametrize("meanwhile", ["", "import requests_oauthlib"])
def test_it_is_undone_with_requests_oauthlib(before: str, meanwhile: str) -> None:
    run(
        f"""{before}
{INSTALL}
{meanwhile}
ours.uninstall()
ours.uninstall()
from requests_oauthlib import OAuth1, OAuth1Session, oauth1_auth, oauth1_session
assert OAuth1.__module__ == oauth1_auth.OAuth1.__module__ == "requests_oauthlib.oauth1_auth"
assert oauth1_auth is sys.modules["requests_oauthlib.oauth1_auth"]
assert oauth1_session is sys.modules["requests_oauthlib.oauth1_session"]
assert OAuth1Session is oauth1_session.OAuth1Session is not ours.OAuth1Session
assert oauth1_session.OAuth1 is OAuth1 is oauth1_auth.OAuth1
if {bool(before)}:
    assert all(vars(requests_oauthlib)[name] is value for name, value in names.items())
del OAuth1, OAuth1Session, oauth1_auth, oauth1_session
{INSTALL}{EVERY_NAME_IS_OURS}
""",
        SITE,
    )


@pytest.mark.parametrize("meanwhile", ["", "import requests_oauthlib.oauth1_session"])
def test_it_is_undone_without_requests_oauthlib(meanwhile: str, without_peer: Path) -> None:
    run(
        f"""
before = sys.meta_path.copy()
{INSTALL}
{meanwhile}
ours.uninstall()
assert sys.meta_path == before
try:
    import requests_oauthlib
except ModuleNotFoundError as error:
    assert error.name == "requests_oauthlib"
    assert str(error) == "No module named 'requests_oauthlib'"
else:
    raise AssertionError
{INSTALL}{EVERY_NAME_IS_OURS}
""",
        without_peer,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "from requests_oauthlib import OAuth1",
        "from requests_oauthlib import OAuth1Session as Session",
        "from requests_oauthlib.oauth1_session import TokenRequestDenied",
        "from requests_oauthlib import oauth1_session",
        "import requests_oauthlib\nclass Session(requests_oauthlib.OAuth1Session): pass",
    ],
)
def test_a_module_that_has_their_classes_is_named(tmp_path: Path, statement: str) -> None:
    """And nothing is changed: half of the program would use one, half the other."""
    (tmp_path / "early.py").write_text(statement)
    printed = run(
        """
import early, requests_oauthlib
import oauth1_rs.requests_oauthlib as ours
before = vars(requests_oauthlib).copy(), sys.meta_path.copy(), sys.modules.copy()
try:
    ours.install()
except RuntimeError as error:
    print(error)
assert before == (vars(requests_oauthlib), sys.meta_path, sys.modules)
""",
        SITE,
        tmp_path,
    )
    assert printed == (
        "requests-oauthlib's OAuth 1 classes are in use already, by early: call "
        "oauth1_rs.requests_oauthlib.install() before they are imported there\n"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import requests_oauthlib",
        "from requests_oauthlib import OAuth2Session",
        "from requests_oauthlib.oauth2_session import TokenUpdated",
    ],
)
def test_a_module_without_them_is_in_nobodys_way(tmp_path: Path, statement: str) -> None:
    (tmp_path / "early.py").write_text(statement)
    run(f"import early; {INSTALL}{EVERY_NAME_IS_OURS}", SITE, tmp_path)


def test_modules_that_are_loaded_later_stay_unloaded(tmp_path: Path) -> None:
    (tmp_path / "lazy.py").write_text("raise AssertionError")
    run(
        f"""
import importlib.util
import requests_oauthlib.oauth1_session
spec = importlib.util.find_spec("lazy")
spec.loader = importlib.util.LazyLoader(spec.loader)
sys.modules["lazy"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules["no module"] = 5
{INSTALL}
""",
        SITE,
        tmp_path,
    )


def test_oauth2_names_are_theirs() -> None:
    run(
        f"""{INSTALL}
import requests_oauthlib
from requests_oauthlib import OAuth2, OAuth2Session, TokenUpdated
from requests_oauthlib.oauth2_session import OAuth2Session as InModule
from requests_oauthlib.compliance_fixes import facebook_compliance_fix
assert OAuth2Session is InModule is ours.OAuth2Session
assert OAuth2Session.__module__ == "requests_oauthlib.oauth2_session"
assert OAuth2 is ours.OAuth2
""",
        SITE,
    )


def test_oauth2_names_are_theirs_without_being_installed() -> None:
    run(
        """
from oauth1_rs.requests_oauthlib import OAuth1Session, OAuth2Session
assert OAuth2Session.__module__ == "requests_oauthlib.oauth2_session"
assert OAuth1Session.__module__ == "oauth1_rs.requests_oauthlib.oauth1_session"
""",
        SITE,
    )


@pytest.mark.parametrize("is_installed", [False, True])
@pytest.mark.parametrize("name", ["OAuth2", "OAuth2Session", "TokenUpdated"])
def test_without_them_oauth2_names_say_where_they_come_from(
    name: str, is_installed: bool, without_peer: Path
) -> None:
    package = "requests_oauthlib" if is_installed else "oauth1_rs.requests_oauthlib"
    printed = run(
        f"""
{INSTALL if is_installed else ""}
try:
    from {package} import {name}
except ImportError as error:
    print(error)
""",
        without_peer,
    )
    assert printed == (
        f"{name} is OAuth 2, which oauth1_rs does not have: it comes from requests-oauthlib, which "
        "is not installed (pip install requests-oauthlib)\n"
    )


@pytest.mark.parametrize("module", ["oauth2_session", "compliance_fixes"])
def test_without_them_oauth2_modules_say_where_they_come_from(
    module: str, without_peer: Path
) -> None:
    printed = run(
        f"""{INSTALL}
try:
    import requests_oauthlib.{module}
except ImportError as error:
    print(error)
""",
        without_peer,
    )
    assert printed.startswith(f"requests_oauthlib.{module} is OAuth 2")
    assert "pip install requests-oauthlib" in printed


def test_a_broken_requests_oauthlib_changes_nothing(tmp_path: Path) -> None:
    """What its import raises is raised, and what was there stays."""
    (tmp_path / "requests_oauthlib").mkdir()
    (tmp_path / "requests_oauthlib" / "__init__.py").write_text("from . import oauth1_auth")
    (tmp_path / "requests_oauthlib" / "oauth1_auth.py").write_text("OAuth1 = object()")
    (tmp_path / "requests_oauthlib" / "oauth1_session.py").write_text("raise ImportError('no')")
    run(
        f"""
import requests_oauthlib
{INSTALL}
assert requests_oauthlib.OAuth1Session is ours.OAuth1Session
before = sys.meta_path.copy()
try:
    ours.uninstall()
except ImportError as error:
    assert str(error) == "no"
assert len(sys.meta_path) == len(before) - 1
""",
        SITE,
        tmp_path,
    )


def test_threads_install_and_import_at_once(site: Path) -> None:
    run(
        """
import threading
import oauth1_rs.requests_oauthlib as ours
sys.setswitchinterval(1e-6)
found, start = [], threading.Barrier(16)

def install():
    start.wait()
    ours.install()
    import requests_oauthlib
    from requests_oauthlib.oauth1_session import OAuth1Session
    found.append({requests_oauthlib.OAuth1Session, OAuth1Session})

threads = [threading.Thread(target=install) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert found == [{ours.OAuth1Session}] * 16, found
assert len([f for f in sys.meta_path if type(f).__module__.startswith("oauth1_rs")]) == 1
""",
        site,
    )


def test_a_place_that_is_barred_is_taken_and_given_back(site: Path) -> None:
    """`None` in sys.modules is how tests have a package not be there."""
    run(
        """
sys.modules["requests_oauthlib"] = None
import oauth1_rs.requests_oauthlib as ours
ours.install()
import requests_oauthlib
assert requests_oauthlib.OAuth1 is ours.OAuth1
ours.uninstall()
assert sys.modules["requests_oauthlib"] is None
""",
        site,
    )


def test_loaded_anew_it_knows_what_it_did(site: Path) -> None:
    run(
        """
import importlib
import oauth1_rs.requests_oauthlib as ours, oauth1_rs.requests_oauthlib._install as install
before = list(sys.meta_path)
ours.install()
importlib.reload(install).install()
ours.install()
assert len(sys.meta_path) == len(before) + 1
ours.uninstall()
assert sys.meta_path == before
""",
        site,
    )


def test_a_module_that_cannot_be_looked_at_has_nothing(site: Path) -> None:
    run(
        """
class Lazy:
    @property
    def __dict__(self):
        raise RuntimeError("not yet")
sys.modules["lazy"] = Lazy()
import oauth1_rs.requests_oauthlib as ours
ours.install()
import requests_oauthlib
assert requests_oauthlib.OAuth1 is ours.OAuth1
""",
        site,
    )


def test_it_waits_for_a_thread_that_is_importing_it(tmp_path: Path) -> None:
    (tmp_path / "requests_oauthlib").mkdir()
    (tmp_path / "requests_oauthlib" / "__init__.py").write_text(
        "from .oauth1_auth import OAuth1\nfrom .oauth1_session import OAuth1Session\n"
    )
    (tmp_path / "requests_oauthlib" / "oauth1_auth.py").write_text(
        "import go\ngo.began.set()\ngo.on.wait()\nclass OAuth1: pass\n"
    )
    (tmp_path / "requests_oauthlib" / "oauth1_session.py").write_text("class OAuth1Session: pass")
    (tmp_path / "go.py").write_text(
        "import threading\nbegan, on = threading.Event(), threading.Event()"
    )
    run(
        f"""
import threading, go
import oauth1_rs.requests_oauthlib
importing = threading.Thread(target=__import__, args=("requests_oauthlib",))
importing.start()
go.began.wait()
installing = threading.Thread(target=oauth1_rs.requests_oauthlib.install)
installing.start()
installing.join(0.1)
assert installing.is_alive()
go.on.set()
importing.join()
installing.join()
{EVERY_NAME_IS_OURS.replace('assert requests_oauthlib.__version__ == "2.0.0"', "")}
""",
        SITE,
        tmp_path,
    )


@pytest.mark.parametrize("kind", ["OAuth1", "OAuth1Session"])
def test_pickles_are_good_whatever_is_installed(site: Path, kind: str, tmp_path: Path) -> None:
    """Ours by the name of the module that they are in, theirs as soon as ours stand in for it."""
    pickled = tmp_path / "pickle"
    write = f"""
import pathlib, pickle, requests_oauthlib
auth = requests_oauthlib.{kind}("key", "secret", "token", "token secret")
pathlib.Path({str(pickled)!r}).write_bytes(pickle.dumps(auth))
"""
    read = f"""
import pathlib, pickle, requests
loaded = pickle.loads(pathlib.Path({str(pickled)!r}).read_bytes())
auth = getattr(loaded, "auth", loaded)
assert getattr(loaded, "_client", auth) is auth
assert type(loaded).__module__.startswith("oauth1_rs.")
prepared = requests.Request("GET", "http://a.example/", auth=auth).prepare()
assert b'oauth_token="token"' in prepared.headers["Authorization"]
assert getattr(loaded, "token", None) in (
    None, {{"oauth_token": "token", "oauth_token_secret": "token secret"}}
)
"""
    run(INSTALL + write, site)
    run(read, site)
    run(INSTALL + read, site)
    if site is SITE:
        run(write, site)
        run(INSTALL + read, site)
