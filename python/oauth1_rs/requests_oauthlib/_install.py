"""`install` and `uninstall`: what `import requests_oauthlib` means in this process."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from types import ModuleType

PEER = "requests_oauthlib"
OURS = "oauth1_rs.requests_oauthlib"
# In the order in which requests-oauthlib imports them: the second wants a name of the first.
SUBMODULES = {"oauth1_auth": "OAuth1", "oauth1_session": "OAuth1Session"}
OAUTH2_NAMES = {"OAuth2", "OAuth2Session", "TokenUpdated"}
NO_OAUTH2 = (
    "{} is OAuth 2, which oauth1_rs does not have: it comes from requests-oauthlib, which is not "
    "installed (pip install requests-oauthlib)"
)

# Held while modules are exchanged; reentrant, as importing them runs anybody's code.
_lock = threading.RLock()


class _Finder(MetaPathFinder, Loader):
    """Finds our modules under requests-oauthlib's names, before anything else is looked for."""

    def __init__(self, *, has_peer: bool) -> None:
        self.has_peer = has_peer
        # requests-oauthlib's own submodules, where they were loaded already. `None` is what has
        # been put there for an import to fail.
        self.replaced: dict[str, ModuleType | None] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002 - likewise
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != PEER:
            return None
        if name in SUBMODULES or (not name and not self.has_peer):
            return ModuleSpec(fullname, self)
        if not self.has_peer:
            raise ModuleNotFoundError(NO_OAUTH2.format(fullname), name=fullname)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        # Not a module that is exchanged later: another thread may be given what stands in
        # sys.modules meanwhile.
        module = _ours(spec.name)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It has run under its own name. The spec that importlib has set is of the other.
        if module.__spec__ is not None and module.__spec__.loader is self:
            module.__spec__ = module.__spec__.loader_state


def install() -> None:
    """Make ``import requests_oauthlib`` mean ``oauth1_rs.requests_oauthlib`` in this process.

    Call it before anything imports ``OAuth1`` or ``OAuth1Session`` from requests-oauthlib: at the
    top of the program, of ``conftest.py``, or of whatever starts the process. If requests-oauthlib
    is installed, its OAuth 1 names and its submodules ``oauth1_auth`` and ``oauth1_session``
    become ours, and all else in it stays. If not, this package takes its name, and OAuth 2 names
    raise an ``ImportError``.

    It may be called again, and from any thread. ``uninstall`` undoes it.

    Raises
    ------
    RuntimeError
        A module has classes of requests-oauthlib's already, among its names or as the parents of
        its own. The text names it, and nothing is changed.
    """
    with _lock:
        if _installed():
            return
        finder = _Finder(has_peer=_has_peer())
        sys.meta_path.insert(0, finder)
        try:
            _replace(finder)
        except BaseException:
            uninstall()
            raise


def uninstall() -> None:
    """Undo ``install``: from here on, ``import requests_oauthlib`` means requests-oauthlib's.

    What was imported in between stays as it is. Does nothing if there is nothing to undo.
    """
    with _lock:
        finder = _installed()
        if finder is None:
            return
        sys.meta_path.remove(finder)
        for name in [PEER, *(f"{PEER}.{submodule}" for submodule in SUBMODULES)]:
            if name in sys.modules and sys.modules[name] is _ours(name):
                del sys.modules[name]
        sys.modules.update(finder.replaced)  # type: ignore[arg-type]  # None may stand there
        _set_names()


def _replace(finder: _Finder) -> None:
    """Put our modules in place of loaded ones, from which nobody may have taken a name."""
    if sys.modules.get(PEER) is not None:
        importlib.import_module(PEER)  # to the end, if another thread has begun
    if PEER in sys.modules and not finder.has_peer:
        finder.replaced[PEER] = sys.modules.pop(PEER)
    for submodule in SUBMODULES:
        name = f"{PEER}.{submodule}"
        if name in sys.modules and sys.modules[name] is not _ours(name):
            finder.replaced[name] = sys.modules.pop(name)
    _set_names()
    # Not before: what is imported from now on is ours.
    peers = [module for module in finder.replaced.values() if module is not None]
    holders = sorted(set(_holders(peers)))
    if holders:
        raise RuntimeError(
            f"requests-oauthlib's OAuth 1 classes are in use already, by {', '.join(holders)}: "
            "call oauth1_rs.requests_oauthlib.install() before they are imported there"
        )


def peers_oauth2(name: str) -> object:
    """Return what requests-oauthlib has under an OAuth 2 name."""
    try:
        peer = importlib.import_module(PEER)
    except ModuleNotFoundError as error:
        if error.name != PEER:
            raise
        peer = _ours(PEER)
    if peer is _ours(PEER):
        raise ImportError(NO_OAUTH2.format(name), name=PEER)
    return getattr(peer, name)


def _installed() -> _Finder | None:
    # By name: this module may have been loaded anew.
    finders: Iterator[Any] = iter(sys.meta_path)
    kind = _Finder.__module__, _Finder.__qualname__
    of_kind = (f for f in finders if (type(f).__module__, type(f).__qualname__) == kind)
    return next(of_kind, None)


def _has_peer() -> bool:
    return sys.modules.get(PEER) is not None or importlib.util.find_spec(PEER) is not None


def _ours(name: str) -> ModuleType:
    """Return our module for a name of requests-oauthlib's."""
    return importlib.import_module(name.replace(PEER, OURS, 1))


def _set_names() -> None:
    """Have requests-oauthlib's package, if it is loaded, get its OAuth 1 names anew."""
    package = sys.modules.get(PEER)
    if package is None or package is _ours(PEER):
        return
    for submodule, name in SUBMODULES.items():
        module = importlib.import_module(f"{PEER}.{submodule}")
        setattr(package, submodule, module)
        setattr(package, name, getattr(module, name))


def _holders(peers: Collection[ModuleType]) -> Iterator[str]:
    """Yield the names of modules that have one of these, or a class that comes from there."""
    classes = {
        value
        for peer in peers
        for value in vars(peer).values()
        if isinstance(value, type) and value.__module__ == peer.__name__
    }
    held = {id(thing) for thing in (*peers, *classes)}
    for name, module in list(sys.modules.items()):
        try:
            # Not `vars`: that loads a module which waits until it is needed.
            names = object.__getattribute__(module, "__dict__")
        except Exception:  # noqa: BLE001, S112 - anything may stand there
            continue
        if any(id(value) in held for value in list(names.values())):
            yield name
    for subclass in _subclasses(classes) - classes:
        yield subclass.__module__


def _subclasses(classes: Iterable[type]) -> set[type]:
    found: set[type] = set()
    for parent in classes:
        found.update(parent.__subclasses__())
    return found | _subclasses(found) if found else found
