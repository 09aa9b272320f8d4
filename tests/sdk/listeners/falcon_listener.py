"""A listener with Falcon: run it with ``gunicorn -k asgi falcon_listener:app``."""

import os

import falcon
import falcon.asgi

from tmfkit_sdk import customer_v4
from tmfkit_sdk.errors import NotGenuine
from tmfkit_sdk.events import Receiver

receiver = Receiver(customer_v4.events.parse, secrets=[os.environ["TMFKIT_CALLBACK_SECRET"]])


class Events:
    async def on_post(self, request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        try:
            event = receiver.take(await request.stream.read(), request.headers)
        except NotGenuine as error:
            raise falcon.HTTPUnauthorized(description=str(error)) from error
        match event:
            case customer_v4.CustomerCreateEvent(event=payload):
                print("made:", payload and payload.customer and payload.customer.name, flush=True)
            case None:  # it came before
                pass
            case other:
                print("something else:", other.event_type, flush=True)
        response.status = falcon.HTTP_204


app = falcon.asgi.App()
app.add_route("/events", Events())
