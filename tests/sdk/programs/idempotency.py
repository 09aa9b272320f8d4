"""Create once, however often the request has to be sent."""

from uuid import uuid4

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty
from tmfkit_sdk.errors import Unprocessable


def main(url: str) -> None:
    key, party = str(uuid4()), RelatedParty(id=f"once-{uuid4()}")
    with CustomerManagement(url) as tmf:
        made = tmf.customers.create(name="Club", engaged_party=party, idempotency_key=key)
        again = tmf.customers.create(name="Club", engaged_party=party, idempotency_key=key)
        assert again.id == made.id
        assert again.response.headers["Idempotent-Replayed"] == "true"
        assert tmf.customers.list(where={"engagedParty.id": party.id or ""}).total == 1
        try:
            tmf.customers.create(name="Another", engaged_party=party, idempotency_key=key)
        except Unprocessable as error:
            print(error)  # the key stands for another request
