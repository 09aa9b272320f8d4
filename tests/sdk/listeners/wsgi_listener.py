"""A listener that is a WSGI application: run it with ``gunicorn wsgi_listener:app``."""

import os

from tmfkit_sdk import customer_v4
from tmfkit_sdk.events import Receiver


def handle(event: customer_v4.events.Event) -> None:
    print("heard:", event.event_type, flush=True)


app = Receiver(customer_v4.events.parse, secrets=[os.environ["TMFKIT_CALLBACK_SECRET"]]).wsgi(handle)
