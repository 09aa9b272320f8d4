"""The configuration file that ``init`` writes: every setting, explained, ready to be filled in."""

from __future__ import annotations

from string import Template

from tmfkit_conformance.rules.phases import PHASES
from tmfkit_conformance.settings import OAUTH_SECRET, Settings
from tmfkit_models.contracts import Contract

__all__ = ["starter_config"]

_TEMPLATE = Template("""\
# Configuration of tmfkit-conformance for $api: $title, release $release.
# Run it with: tmfkit-conformance run --api $api --config $file --report report
# What is commented out shows the default, or an example where there is none.
# Options of the command line win over this file.

# Base URL of the API under test, without a slash at the end.
base_url: $base_url

# What is under test, PRODUCT/VERSION, and who makes the run; both stand in the report, and a statement needs them.
#subject: Acme CRM/4.2
#operator: Jane Doe, Acme

# Where the hub is, if not under the base URL: resource and URL; "" for all resources.
#hub_urls:
#  "": http://localhost:8080/hub

# ---- Credentials. Prefer the environment variable TMFKIT_BEARER to a token in this file.

# Token of an ordinary user, sent as "Authorization: Bearer ..." with every request.
#bearer: "..."

# A command that prints such a token; it is run again when the target refuses the token (401).
#bearer_command: vault read -field=token secret/tmf

# Or OAuth 2.0 client credentials. The secret is read from the environment variable $oauth_secret, or from a
# file. A new token is fetched before the old one ends, and once after a 401.
#oauth_token_url: https://login.example.com/oauth/token
#oauth_client_id: conformance-kit
#oauth_client_secret_file: /run/secrets/conformance-kit
#oauth_scope: tmf.write

# More headers of every request.
#headers:
#  X-Tenant: acme

# Headers of operations that are for administrators. Without them the rules about administrators are skipped. Where
# there is a credential among them (Authorization, Cookie, a key or token header), they replace all those of the user.
#admin_headers:
#  Authorization: Bearer ...

# ---- Notifications. The kit opens a listener and registers it at the hub.

# Without a listener, every rule about notifications is skipped, and the run is incomplete.
#listener: $listener

# HOST:PORT to listen at; port 0 takes a free one.
#listener_bind: $listener_bind

# The address under which the target reaches the listener, if it is not the one above (another machine, a container);
# port 0 stands for the port that the listener took. Whoever gives it vouches for it: a notification that does not
# arrive is then a failure. Without it, rules about notifications are skipped when none arrives in the whole run.
#listener_url: http://kit.example.com:8099

# Longest wait for a notification, in seconds.
#event_seconds: $event_seconds

# ---- Values. What the target demands beyond the document, or must be able to find.

# Members merged into every create body of a resource.
#payloads:
#  $resource:
#    relatedParty: [{id: "42", role: owner}]

# Values for an attribute (a JSON pointer), used instead of the kit's own: those of a closed list of the target's, say.
# All rows about the attribute are settled by two that differ; by three where one of them filters by either of two.
# Of states, the one that a record begins in comes first, and what it moves to after it.
#values:
#  $resource:
#    /status: [active, suspended, closed]

# ---- Permissions. Without them nothing is sent that anyone could regret.

# Addresses that messages may be sent to, by type of message.
#receivers:
#  Email: test@example.com

# Whether messages may be sent to addresses other than reserved ones.
#allow_send: $allow_send

# Whether operations on whole collections (deleting all) may be called.
#allow_destructive: $allow_destructive

# ---- Connection.

# Longest wait for an answer, in seconds.
#timeout_seconds: $timeout_seconds

# Longest wait until a write can be seen by reads and in lists, in seconds; 0 does not wait.
#settle_seconds: $settle_seconds

# For how many seconds a record of each resource has to last at least; 0 for no longer than the run takes.
#hold_seconds: $hold_seconds

# Requests a second at most; 0 for as many as the target answers. A Retry-After is waited for anyway.
#rate: $rate

# Whether the certificate of the target is verified, and the PEM file of the authority that signed it.
#verify_tls: $verify_tls
#ca_file: /etc/ssl/ca.pem

# The kit's own certificate and its key, PEM files.
#client_certificate: /etc/ssl/kit.pem
#client_key: /etc/ssl/kit.key

# ---- Extent.

# What contents are drawn from; the seed of an earlier run, which its bundle has, repeats what it sent.
#seed: 5d2f9a01c3b47e68

# Whether requests say that they are from this kit; without it neither headers nor contents do.
#announce: $announce

# Phases to run. "register" checks every rule; the others send generated requests, and a rule that an answer to one of
# them violates has failed as well: all of them count.
#phases: [$phases]

# Generated requests for each operation in each of these.
#max_examples: $max_examples

# Probes that run at a time. Those that look at whole lists, at deletion or at hubs keep out of each other's way.
#parallel: $parallel

# Pages of one list that are looked at. What is not found in a longer one is asked for by its id.
#list_pages: $list_pages
""")


def starter_config(contract: Contract, file: str, *, base_url: str = "") -> str:
    """Return a configuration for one API.

    Args:
        contract: The API.
        file: Name under which it will be saved, for the command it shows.
        base_url: Address of the target; an example when empty.
    """
    shown = (
        "listener",
        "listener_bind",
        "event_seconds",
        "allow_send",
        "allow_destructive",
        "timeout_seconds",
        "settle_seconds",
        "hold_seconds",
        "announce",
        "rate",
        "verify_tls",
        "max_examples",
        "parallel",
        "list_pages",
    )
    settings = Settings(contract.id, base_url="http://localhost")
    defaults = {name: str(getattr(settings, name)) for name in shown}
    return _TEMPLATE.substitute(
        {name: value.lower() if value in ("True", "False") else value for name, value in defaults.items()},
        api=contract.id,
        oauth_secret=OAUTH_SECRET,
        title=contract.title,
        release=contract.release,
        file=file,
        base_url=base_url or f"http://localhost:8080{contract.base_path}",
        resource=contract.resources[0].name,
        phases=", ".join(PHASES),
    )
