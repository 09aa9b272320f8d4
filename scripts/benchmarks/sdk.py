"""What a call of the SDK costs beside bare httpx, what an import costs, and how large it is.

CPU time of the client's process counts, in rounds that take turns. Beside it stands ``tmforum``, another SDK in Python
from the package index, on the operations that both have.
"""

from __future__ import annotations

import json
import statistics
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from benchmarks.client_costs import Call, compiled, import_ms, kilobytes, needed, output, sources, turns
from harness.process import main_of
from harness.tmfkit import tmfkit_server
from tmfkit_sdk._runtime.objects import view
from tmfkit_sdk.customer_v4 import Customer, CustomerManagement, RelatedParty

__all__ = ["Bound", "Client", "SdkResults", "measure_sdk"]

PEER = "tmforum==0.32.0"
# Where the peer looks for customers; the server and the other clients are told to use it as well.
_BASE_PATH = "/customerManagement/v5"
_RECORDS = 100
_APIS = ("change_v1", "communication_v1", "customer_v1", "customer_v4", "party_interaction_v4")


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure and what it may be at most.

    Attributes:
        what: What was measured.
        of: What it is a ratio of, or its unit.
        at_most: Largest median.
        rounds: Value of each round; a single one of what does not vary.
    """

    what: str
    of: str
    at_most: float
    rounds: Sequence[float]

    @property
    def value(self) -> float:
        """Median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def is_met(self) -> bool:
        """Whether the median keeps to the bound."""
        return self.value <= self.at_most


@dataclass(frozen=True, slots=True)
class Client:
    """What one of the clients costs.

    Attributes:
        name: What it is called.
        calls: Operation → microseconds of CPU.
        import_ms: Milliseconds of CPU to import it.
        source_kb: Its Python files.
        installed_kb: Everything that is installed with it.
        compiled: Files of machine code among that.
    """

    name: str
    calls: dict[str, float]
    import_ms: float
    source_kb: float
    installed_kb: float
    compiled: int


@dataclass(frozen=True, slots=True)
class SdkResults:
    """What was measured: *bounds* of ours, and the clients beside each other."""

    bounds: list[Bound]
    clients: list[Client]

    def written(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"bounds": [asdict(each) for each in self.bounds], "clients": [asdict(each) for each in self.clients]}


def measure_sdk(folder: Path, say: Callable[[str], None]) -> SdkResults:
    """Measure the SDK, and its peer in an environment of its own.

    Args:
        folder: Folder for a log and the peer's environment, which is made once.
        say: Takes a line of progress.

    Raises:
        HarnessError: The server or the peer did not start.
    """
    server = tmfkit_server("memory:", log=folder / "sdk.log", options=("--base-path", f"tmf629-v4={_BASE_PATH}"))
    server.start()
    try:
        say("SDK: calls")
        with _clients(server.url) as (bare, ours):
            calls = {name: _turns(name, bare[name], ours[name]) for name in bare}
        say("SDK: imports")
        of_httpx, of_one, of_five = import_ms(
            "import httpx", f"import tmfkit_sdk.{_APIS[0]}", "; ".join(f"import tmfkit_sdk.{each}" for each in _APIS)
        )
        say(f"SDK: {PEER}")
        peer = _peer(folder / "tmforum", server.url)
    finally:
        server.stop()
    base = [*needed("httpx")]
    own = kilobytes(sources("tmfkit_sdk"))
    yardstick = "bare httpx and `.json()`"
    return SdkResults(
        [
            *(
                Bound(name, yardstick, at_most, _ratios(*reversed(calls[name])))
                for name, at_most in (("GET", 1.10), ("create", 1.15), ("list of 100", 1.20))
            ),
            *_views(),
            Bound("import of one API", "importing httpx", 1.5, _ratios(of_one, of_httpx)),
            Bound("import of five APIs", "importing httpx", 2.0, _ratios(of_five, of_httpx)),
            Bound("source of the SDK", "kB", 400, [own]),
            Bound("what it needs, installed", "kB", 5_000, [kilobytes(base)]),
            Bound("files of machine code in that", "", 0, [compiled(base)]),
        ],
        [
            Client(
                f"httpx {httpx.__version__}",
                {name: statistics.median(rounds[0]) for name, rounds in calls.items()},
                statistics.median(of_httpx),
                kilobytes(sources("httpx")),
                kilobytes(base),
                compiled(base),
            ),
            Client(
                "tmfkit_sdk",
                {name: statistics.median(rounds[1]) for name, rounds in calls.items()},
                statistics.median(of_one),
                own,
                kilobytes(base) + own,
                compiled(base),
            ),
            peer,
        ],
    )


@contextmanager
def _clients(url: str) -> Iterator[tuple[dict[str, Call], dict[str, Call]]]:
    """Give the calls of bare httpx and of the SDK, on a server with records."""
    where = f"{url}{_BASE_PATH}/customer"
    body = {"name": "Club", "engagedParty": {"id": "500"}}
    merge = {"content-type": "application/merge-patch+json"}
    party, number = RelatedParty(id="500"), count()
    with httpx.Client() as client, CustomerManagement(url, base_path=_BASE_PATH) as sdk:
        made = [sdk.customers.create(name=f"Club {each}", engaged_party=party).id for each in range(_RECORDS)]
        identifier = made[0]
        one = f"{where}/{identifier}"
        yield (
            {
                "GET": lambda: client.get(one).json(),
                "create": lambda: client.post(where, json=body).json(),
                "list of 100": lambda: client.get(where, params={"limit": _RECORDS}).json(),
                "update": lambda: client.patch(one, json={"name": f"{next(number)}"}, headers=merge).json(),
            },
            {
                "GET": lambda: sdk.customers.get(identifier),
                "create": lambda: sdk.customers.create(name="Club", engaged_party=party),
                "list of 100": lambda: sdk.customers.list(limit=_RECORDS).all(at_most=_RECORDS),
                "update": lambda: sdk.customers.update(identifier, name=f"{next(number)}"),
            },
        )


def _turns(name: str, bare: Call, ours: Call) -> tuple[list[float], list[float]]:
    rounds = turns({"bare": bare, "ours": ours}, 40 if name.startswith("list") else 200)
    return rounds["bare"], rounds["ours"]


def _ratios(subject: Sequence[float], yardstick: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(subject, yardstick, strict=True)]


def _views() -> list[Bound]:
    """Measure a view, and five attributes read from it, beside reading the JSON of the same object."""
    text = json.dumps(_customer())
    data = json.loads(text)
    one = view(Customer, data, "Customer", None)
    rounds = turns(
        {
            "loads": lambda: json.loads(text),
            "view": lambda: view(Customer, data, "Customer", None),
            "attributes": lambda: (one.id, one.href, one.name, one.status, one.status_reason),
        },
        2_000,
    )
    of = f"`json.loads` of the same {len(text):,} B"
    return [
        Bound("a view", of, 0.05, _ratios(rounds["view"], rounds["loads"])),
        Bound("five attributes read", of, 0.3, _ratios(rounds["attributes"], rounds["loads"])),
    ]


def _customer() -> dict[str, Any]:
    """Return a customer of about 1.9 kB."""
    parties = [
        {"id": f"{number}", "href": f"https://host.example/party/{number}", "name": f"Party {number}", "role": "owner"}
        for number in range(500, 517)
    ]
    return {
        "id": "42",
        "href": f"https://host.example{_BASE_PATH}/customer/42",
        "name": "Club",
        "status": "Approved",
        "statusReason": "Credit was checked",
        "validFor": {"startDateTime": "2018-06-12T00:00:00Z", "endDateTime": "2019-01-01T00:00:00Z"},
        "engagedParty": parties[0],
        "relatedParty": parties[1:],
    }


def _peer(folder: Path, url: str) -> Client:
    """Measure the peer."""
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        venv.create(folder, with_pip=True)
        output([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER], PEER)
    found = json.loads(output([python, *main_of("benchmarks.tmforum_peer"), url, str(_RECORDS)], PEER))
    return Client(PEER, **found)
