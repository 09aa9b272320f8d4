"""What is asked at first contact, before the probes: no row is settled by it."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance.rules.probes import Probe, Step, StepFamily

__all__ = ["ApiThere", "Consistency", "Dialect", "Everything", "SmallestBody", "StillThere"]

_THERE: Final = "says whether an API is there; where none is, there is no verdict"
_NAMES: Final = "finds out the names that the target takes, which the bundle has under `dialect`"
_MEDIA: Final = "finds out the media type of patches, which the bundle has under `patch_media`"
_MADE: Final = "finds out what the target demands on create, which the bundle has under `demanded`"
_REFUSED: Final = "finds out what the target refuses, and may, which the bundle has under `refused`"
_LAG: Final = "finds out how soon a write is seen, which the bundle has under `lag_ms`"

_STILL: Final = "says whether the target is still there; where it is not, nothing more is sent"


class ApiThere(Probe, name="api-there"):
    """Looks at every collection and hub, and for an id that nothing has."""

    GET = StepFamily("GET {}", evidence_only=_THERE)
    CREATE = StepFamily("POST {}", evidence_only=_THERE)
    UNKNOWN = StepFamily("GET {}, an unused id", evidence_only=_THERE)


class SmallestBody(Probe, name="smallest-body"):
    """Finds the attributes without which the target makes nothing."""

    CREATE = StepFamily("{}", evidence_only=_MADE)


class Everything(Probe, name="everything"):
    """Finds the attributes that a target refuses, of those that no must row asks for."""

    CREATE = StepFamily("{}", evidence_only=_REFUSED)


class Dialect(Probe, name="dialect"):
    """Tries the names that a document has for one thing, and the media types of a patch."""

    LIST = StepFamily("{}", evidence_only=_NAMES)
    CREATE = StepFamily("{}", evidence_only=_NAMES)
    READ = StepFamily("{}, read", evidence_only=_NAMES)
    PATCH = StepFamily("{}, patched", evidence_only=_MEDIA)


class Consistency(Probe, name="consistency", bare=True):
    """Reads, lists and deletes what was just made, and looks how soon each write is seen.

    Which attributes keep a mark may be asked meanwhile, so that what it makes has none of those that are being tried.
    """

    CREATE = StepFamily("POST {}", evidence_only=_LAG)
    READ = StepFamily("GET {}/id", evidence_only=_LAG)
    LIST = StepFamily("GET {}", evidence_only=_LAG)
    DELETE = StepFamily("DELETE {}/id", evidence_only=_LAG)
    GONE = StepFamily("GET {}/id, deleted", evidence_only=_LAG)


class StillThere(Probe, name="still-there"):
    """Looks whether a target that fails again and again serves anything any more."""

    LIST = Step("list", _STILL)
    READ = Step("read", _STILL)
