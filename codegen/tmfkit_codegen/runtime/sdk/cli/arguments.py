"""The command line, taken apart."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from functools import partial

from tmfkit_sdk._runtime.settings import TIMEOUT_SECONDS, user_agent
from tmfkit_sdk.cli.catalogue import apis, collections

__all__ = ["FORMATS", "SHELLS", "options_of", "parsed"]

FORMATS = ("table", "json", "jsonl")
SHELLS = ("bash", "zsh", "fish")

_HELP = {
    "list": "show many",
    "get": "show one",
    "create": "make one",
    "update": "change one in part",
    "delete": "remove one",
    "send": "send a new message, or a stored one",
    "listen": "show what happens, until interrupted",
}
_EPILOG = (
    "exit status: 0 done · 1 refused by the server, or answered unreadably · 2 wrong usage · 3 not reachable · "
    "4 done, but the result cannot be shown · 130 interrupted"
)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Take *words* apart.

    Raises:
        SystemExit: They ask for help, or are wrong.
    """
    known = apis()
    return parser(next((word for word in words if word in known), None)).parse_args(words)


def parser(api: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the collections of *api* are in it, so that no other API is imported."""
    top = argparse.ArgumentParser("tmfkit-client", description="Call the APIs of TM Forum.", epilog=_EPILOG)
    top.add_argument("--version", action="version", version=user_agent())
    of_apis = top.add_subparsers(dest="api", metavar="API", required=True)
    for name in apis():
        one = of_apis.add_parser(name, help=f"the API {name}")
        if name == api:
            _add_collections(one, name)
    completion = of_apis.add_parser("completion", help="print what a shell needs to complete commands")
    completion.add_argument("shell", choices=SHELLS)
    return top


def _add_collections(of_api: argparse.ArgumentParser, api: str) -> None:
    of_collections = of_api.add_subparsers(dest="collection", metavar="COLLECTION", required=True)
    for name, collection in collections(api).items():
        one = of_collections.add_parser(name, help=f"below {collection.path}")
        of_actions = one.add_subparsers(dest="action", metavar="ACTION", required=True)
        for action in collection.actions:
            leaf = of_actions.add_parser(action, help=_HELP[action], epilog=_EPILOG)
            leaf.set_defaults(found=collection, api_name=api)
            _add_options(leaf, action)


def _add_options(leaf: argparse.ArgumentParser, action: str) -> None:
    if action in {"get", "update", "delete"}:
        leaf.add_argument("id", help="its identifier")
    if action == "send":
        leaf.add_argument("id", nargs="?", help="identifier of a stored message")
    if action in {"create", "update", "send"}:
        body = "an attribute, nested ones with dots: name=text or name:=JSON (repeatable)"
        leaf.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=body)
        leaf.add_argument("--json", metavar="FILE", help="a JSON object that --set adds to; - reads it from stdin")
    if action in {"create", "send"}:
        leaf.add_argument("--idempotency-key", metavar="KEY", help="name of this request, under which it is done once")
    if action == "update":
        leaf.add_argument("--unset", action="append", default=[], metavar="NAME", help="remove it (repeatable)")
    if action in {"update", "delete"}:
        leaf.add_argument("--if-match", metavar="TAG", help="only if the resource still has this ETag")
    if action in {"list", "get"}:
        leaf.add_argument("--fields", metavar="NAMES", help="attributes that are wanted, with commas between them")
    if action == "list":
        _add_list_options(leaf)
    if action == "listen":
        _add_listen_options(leaf)
    else:
        leaf.add_argument("--format", choices=FORMATS, default="table", help="how results are shown (table)")
    _add_connection(leaf)


def _add_list_options(leaf: argparse.ArgumentParser) -> None:
    where = "a condition, name=value or name.gt=value; commas mean OR (repeatable, AND)"
    leaf.add_argument("--where", action="append", default=[], metavar="NAME=VALUE", help=where)
    leaf.add_argument("--filter", metavar="JSONPATH", help="a condition in JSONPath")
    leaf.add_argument("--sort", metavar="NAMES", help="order, with commas; a minus means descending: --sort=-name")
    leaf.add_argument("--limit", type=partial(_count, 1), metavar="N", help="how many the server gives at a time")
    leaf.add_argument("--at-most", type=partial(_count, 0), metavar="N", help="how many are shown")


def _count(least: int, text: str) -> int:
    if not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} on")
    return int(text)


def _add_listen_options(leaf: argparse.ArgumentParser) -> None:
    leaf.add_argument("--callback", metavar="URL", help="address under which the server reaches this listener")
    leaf.add_argument("--bind", default="127.0.0.1:0", metavar="HOST:PORT", help="where it listens (127.0.0.1:0)")
    leaf.add_argument("--query", help="which notifications: eventType=A,B and conditions")
    signing = "secret that notifications are signed with; $TMFKIT_CALLBACK_SECRET. Without one all are taken"
    leaf.add_argument("--secret", default=os.environ.get("TMFKIT_CALLBACK_SECRET"), metavar="WHSEC", help=signing)


def _add_connection(leaf: argparse.ArgumentParser) -> None:
    group = leaf.add_argument_group("connection")
    group.add_argument("--url", default=os.environ.get("TMFKIT_URL"), help="where the server is; $TMFKIT_URL")
    bearer = "sent as Authorization: Bearer; better in $TMFKIT_TOKEN, since others see command lines"
    group.add_argument("--token", default=os.environ.get("TMFKIT_TOKEN"), help=bearer)
    group.add_argument("--base-path", metavar="PATH", help="where the API is on the server, if not where documents say")
    group.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"for a call as a whole ({TIMEOUT_SECONDS:g})",
    )


def options_of(action: str) -> list[str]:
    """Return the options of an action."""
    if action not in _HELP:
        return []
    leaf = argparse.ArgumentParser()
    _add_options(leaf, action)
    return sorted(leaf._option_string_actions)
