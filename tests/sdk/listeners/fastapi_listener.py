"""A listener with FastAPI: run it with ``uvicorn fastapi_listener:app``."""

import os

from fastapi import FastAPI

from tmfkit_sdk import customer_v4
from tmfkit_sdk.events import Receiver

receiver = Receiver(customer_v4.events.parse, secrets=[os.environ["TMFKIT_CALLBACK_SECRET"]])


async def handle(event: customer_v4.events.Event) -> None:
    match event:
        case customer_v4.CustomerCreateEvent(event=payload):
            print("made:", payload and payload.customer and payload.customer.name, flush=True)
        case other:
            print("something else:", other.event_type, flush=True)


app = FastAPI()
app.mount("/events", receiver.asgi(handle))  # the callback to register ends with /events/
