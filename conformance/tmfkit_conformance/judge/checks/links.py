"""Where an address in an answer leads: to the thing that was made, or not.

An address at the target was followed. One at another host, such as the public name of a gateway, is never called; then
its path has to be the right one, and the pass is remarked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tmfkit_conformance.judge.evidence import Evidence, failed, pass_with_remark

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange
    from tmfkit_conformance.rules.probes import Step

__all__ = ["leads_to_made"]


def leads_to_made(evidence: Evidence, made: Exchange, given: str, followed: Step) -> None:
    """Hold an address against the thing that was made; comes to an outcome where it does not plainly lead there.

    Args:
        evidence: The evidence.
        made: The create.
        given: The address, absolute or relative.
        followed: The step that followed it, where it is at the target.
    """
    what = f"{evidence.row.subject} is {given!r}"
    host = _host_of(given)
    ends_right = _path_of(given).endswith(
        f"{evidence.contract.resource(evidence.operation.resource).collection}/{made.identifier}"
    )
    if host not in ("", _host_of(made.request.url)):
        if not any(_path_of(given).endswith(path) for path in _right_paths(evidence, made)):
            _elsewhere(evidence, f"{what}, which is not the path of what was made", is_tolerable=ends_right)
        pass_with_remark(f"{what}; the path is right, and {host} is another host than the target and was not called")
    exchange = evidence.step(followed)
    got = exchange.answer.get("id") if isinstance(exchange.answer, dict) else None
    if exchange.is_success and str(got) == made.identifier:
        return
    seen = (
        f"gave the id {got!r}, and {made.identifier!r} was made"
        if exchange.is_success
        else f"was answered {exchange.status}"
    )
    if not exchange.is_success and _path_of(given) in _spellings(evidence, made):
        pass_with_remark(
            f"{what}; reading it {seen}: the document spells the path so, and the target another way of its"
        )
    _elsewhere(evidence, f"{what}; reading it {seen}", is_tolerable=ends_right and not exchange.is_success)


def _elsewhere(evidence: Evidence, remark: str, *, is_tolerable: bool) -> None:
    """Fail, but where an erratum tolerates another base path in front of collection and id."""
    if is_tolerable and "base-path" in evidence.tolerated:
        pass_with_remark(f"{remark}; another base path is tolerated ({', '.join(evidence.row.errata)})")
    failed(remark)


def _right_paths(evidence: Evidence, made: Exchange) -> list[str]:
    """Return the paths, after whatever a gateway puts before them, under which the thing that was made may be known."""
    collection = evidence.contract.resource(evidence.operation.resource).collection
    called = _path_of(made.request.url)
    known = (called.removesuffix(f"/{made.identifier}"), evidence.contract.base_path + collection)
    return [f"{path}/{made.identifier}" for path in known]


def _spellings(evidence: Evidence, made: Exchange) -> list[str]:
    """Return the paths of the thing that was made, the collection spelt in each way that the document has."""
    resource, called = evidence.contract.resource(evidence.operation.resource), _path_of(made.request.url)
    spellings = (resource.collection, *resource.path_aliases)
    before = next((called.removesuffix(each) for each in spellings if called.endswith(each)), None)
    return [] if before is None or len(spellings) == 1 else [f"{before}{each}/{made.identifier}" for each in spellings]


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:  # brackets that do not match
        return ""


def _path_of(address: str) -> str:
    try:
        return unquote(urlsplit(address).path).rstrip("/")
    except ValueError:
        return address
