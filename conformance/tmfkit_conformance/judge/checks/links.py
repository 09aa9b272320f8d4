"""Where an address in an answer leads: to the thing that was made, or not.

An address at the target was followed. One at another host, such as the public name of a gateway, is never called; then
its path has to be the right one, and the pass is remarked. Where an erratum lets the API be at any base path, only the
end of the path is held against what was made: collection and id.
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
    ends_right = _path_of(given).endswith(_ends(evidence, made))
    if host not in ("", _host_of(made.request.url)):
        if _path_of(given).endswith(_right_paths(evidence, made)):
            pass_with_remark(
                f"{what}; the path is right, and {host} is another host than the target and was not called"
            )
        if ends_right and evidence.contract.any_base_path:
            pass_with_remark(
                f"{what}; the path ends right, another base path is tolerated ({evidence.contract.any_base_path}),"
                f" and {host} is another host than the target and was not called"
            )
        failed(f"{what}, which is not the path of what was made")
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
    remark = f"{what}; reading it {seen}"
    if ends_right and not exchange.is_success and "base-path" in evidence.tolerated:
        pass_with_remark(f"{remark}; another base path is tolerated ({', '.join(evidence.row.errata)})")
    failed(remark)


def _right_paths(evidence: Evidence, made: Exchange) -> tuple[str, ...]:
    """Return the paths, after whatever a gateway puts before them, under which the thing that was made may be known."""
    collection = evidence.contract.resource(evidence.operation.resource).collection
    called = _path_of(made.request.url)
    known = (called.removesuffix(f"/{made.identifier}"), evidence.contract.base_path + collection)
    return tuple(f"{path}/{made.identifier}" for path in known)


def _ends(evidence: Evidence, made: Exchange) -> tuple[str, ...]:
    """Return the ends of the paths of the thing that was made, the collection spelt in each way of the document."""
    resource = evidence.contract.resource(evidence.operation.resource)
    return tuple(f"{collection}/{made.identifier}" for collection in (resource.collection, *resource.path_aliases))


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
