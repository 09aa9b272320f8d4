"""Two editors change one customer; the second is told that it has changed."""

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty
from tmfkit_sdk.errors import PreconditionFailed


def main(url: str) -> None:
    with CustomerManagement(url) as tmf:
        made = tmf.customers.create(name="Club", engaged_party=RelatedParty(id="500"))
        first, second = tmf.customers.get(made.id), tmf.customers.get(made.id)
        first = tmf.customers.update(first, status="Approved")  # sends If-Match by itself
        try:
            tmf.customers.update(second, name="Club of 1999")
        except PreconditionFailed:
            second = tmf.customers.get(made.id)
            second = tmf.customers.update(second, name="Club of 1999")
        assert (second.name, second.status) == ("Club of 1999", "Approved")
        tmf.customers.update(first, name="Mine anyway", if_match=None)  # without a condition
        tmf.customers.delete(made.id)
