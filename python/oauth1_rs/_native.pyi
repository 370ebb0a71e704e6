# The types of the extension module, by hand: mypy.stubtest compares them with what was built.

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import Self

_Text: TypeAlias = str | bytes
_Seconds: TypeAlias = int | str | bytes

class _PreparedRequest(Protocol):
    method: Any
    url: Any
    headers: Any
    body: Any

_Request = TypeVar("_Request", bound=_PreparedRequest)
