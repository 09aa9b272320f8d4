"""Listen to what happens to customers, and believe only what the server has signed."""

import queue
import threading
from wsgiref.simple_server import make_server

from tmfkit_sdk import customer_v4
from tmfkit_sdk.events import Receiver


def main(url: str, secret: str) -> None:
    seen: queue.Queue[customer_v4.events.Event] = queue.Queue()
    receiver = Receiver(customer_v4.events.parse, secrets=[secret])
    with make_server("127.0.0.1", 0, receiver.wsgi(seen.put)) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        callback = f"http://127.0.0.1:{listener.server_port}/"
        with customer_v4.CustomerManagement(url) as tmf, tmf.hub.subscription(callback):
            made = tmf.customers.create(name="Club", engaged_party=customer_v4.RelatedParty(id="500"))
            match seen.get(timeout=30):
                case customer_v4.CustomerCreateEvent(event=payload):
                    assert payload and payload.customer and payload.customer.id == made.id
                case other:
                    raise AssertionError(other)
        listener.shutdown()
