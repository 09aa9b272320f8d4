"""What answers at the address when it is no API, in one sentence with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from tmfkit_conformance.errors import NoApi
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract

__all__ = ["REDIRECTS", "decided", "undecided"]

REDIRECTS: Final = range(300, 400)
"""Statuses that send a client elsewhere."""

_BEGINNING: Final = 60


def decided(contract: Contract, url: str, answers: Sequence[Exchange]) -> NoApi | None:
    """Return what the answers to reads of collections alone prove; None when more has to be asked.

    Args:
        contract: The contract.
        url: The base URL.
        answers: A read of each collection, all of them answered.
    """
    first = answers[0]
    where = f"{first.request.method} {urlsplit(first.request.url).path}"
    if any(_is_another_spelling(contract, url, exchange) for exchange in answers):
        return None  # the kit tries that path itself
    if all(exchange.status in REDIRECTS for exchange in answers):
        return _redirected(contract, url, first, where)
    if all(exchange.status == 429 for exchange in answers):
        later = first.response.header("Retry-After") if first.response else None
        return NoApi(
            url,
            "every request is answered 429, too many requests" + (f" (Retry-After: {later})" if later else ""),
            "Wait, or ask for a higher limit; --rate goes slower from the start",
        )
    if all(exchange.is_success and not _is_json(exchange) for exchange in answers):
        return NoApi(url, f"{where} is answered {first.status} with {_kind(first)}", _remedy(contract, url))
    return None


def undecided(contract: Contract, url: str, answers: Sequence[Exchange]) -> NoApi:
    """Return what is said where nothing was listed and nothing could be made.

    Args:
        contract: The contract.
        url: The base URL.
        answers: Reads of collections and of an unused id, and creates.
    """
    if other := _other_tls(url, answers[0]):
        return other
    statuses = sorted({exchange.status for exchange in answers})
    said = ", ".join(str(status) for status in statuses)
    if all(status >= 500 for status in statuses):
        asked = (one.response.header("Retry-After") for one in answers if one.response)
        later = next((value for value in asked if value), "")
        more = f", Retry-After: {later}" if later else ""
        return NoApi(url, f"every request is answered {said}{more}", "Get the server to work, then run again")
    if statuses == [404]:
        return NoApi(url, f"every collection of {contract.id} is answered 404", _remedy(contract, url))
    reads = [one for one in answers if one.request.method == "GET"]
    if all(one.is_success for one in reads):
        problem = (
            "whatever is read is answered with success, an id that nothing has as well, and nothing can be made: "
            f"this is not the API of {contract.title!r}"
        )
        return NoApi(url, problem, _remedy(contract, url))
    return NoApi(url, f"nothing can be listed and nothing be made; the answers were {said}", _remedy(contract, url))


def _redirected(contract: Contract, url: str, first: Exchange, where: str) -> NoApi:
    location = _location(first)
    if not location:
        return NoApi(url, f"{where} is answered {first.status} without a Location", _remedy(contract, url))
    meant = _meant(first)
    problem = f"{where} is redirected ({first.status}) to {location:.300}"
    collections = [path for one in contract.resources for path in (one.collection, *one.path_aliases)]
    collection = next((path for path in collections if meant.lower().endswith(path.lower())), "")
    likely = meant[: len(meant) - len(collection)]
    if likely == url or meant.startswith(f"{first.request.url}/"):
        remedy = f"The kit follows no redirects; have the server answer {where} itself"
    elif collection:
        remedy = f"Use this as --base-url: {likely}"
    else:
        remedy = f"If that is the API, use this as --base-url: {likely}; if it is a log-in, give credentials"
    return NoApi(url, problem, remedy)


def _location(exchange: Exchange) -> str:
    return (exchange.response.header("Location") if exchange.response else None) or ""


def _meant(exchange: Exchange) -> str:
    """Return the address that a redirect leads to, without a query and a slash at its end."""
    location = _location(exchange)
    try:
        meant = urljoin(exchange.request.url, location)
        urlsplit(meant)
    except ValueError:  # brackets that do not match
        meant = location
    return meant.partition("?")[0].rstrip("/")


def _is_another_spelling(contract: Contract, url: str, exchange: Exchange) -> bool:
    """Say whether a redirect leads to a path of a collection that is the document's own other spelling."""
    others = [f"{url.rstrip('/')}{path}" for one in contract.resources for path in one.path_aliases]
    return exchange.status in REDIRECTS and bool(_location(exchange)) and _meant(exchange) in others


def _other_tls(url: str, first: Exchange) -> NoApi | None:
    """Return what a proxy says in HTTP of a request that lacks TLS or a client certificate."""
    body = first.response.body.lower() if first.response else b""
    if first.status not in (400, 403, 495, 496):
        return None
    if url.startswith("http:") and b"https" in body:
        likely = url.replace("http:", "https:", 1)
        return NoApi(url, f"the port speaks TLS (it answered {first.status})", f"Use --base-url {likely}")
    if b"ssl certificate" in body or b"client certificate" in body:
        remedy = "Give --client-certificate and --client-key"
        return NoApi(url, f"the target asks for a client certificate (it answered {first.status})", remedy)
    return None


def _is_json(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.is_json


def _kind(exchange: Exchange) -> str:
    body = exchange.response.body if exchange.response else b""
    if not body.strip():
        return "no body"
    is_html = b"<html" in body[:1000].lower() or b"<!doctype" in body[:1000].lower()
    beginning = " ".join(body[:_BEGINNING].decode("utf-8", "replace").split())
    return f"{'an HTML page' if is_html else 'no JSON'}: {beginning!r}"


def _remedy(contract: Contract, url: str) -> str:
    """Name the path that the document has, where the base URL has another one."""
    if urlsplit(url).path == contract.base_path:
        return "Check --base-url: the API has to answer right below it"
    return f"Check --base-url: the API has to answer right below it (the document's own path is {contract.base_path})"
