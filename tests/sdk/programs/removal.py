"""Remove attributes and members of lists, with None and with patches."""

from tmfkit_sdk import JsonPatch, QueryPatch
from tmfkit_sdk.customer_v4 import Characteristic, CustomerManagement, RelatedParty


def main(url: str) -> None:
    with CustomerManagement(url) as tmf:
        made = tmf.customers.create(
            name="Club",
            engaged_party=RelatedParty(id="500"),
            status_reason="new",
            characteristic=[Characteristic(name="size", value="XL"), Characteristic(name="colour", value="red")],
        )
        made = tmf.customers.update(made, status_reason=None)  # None removes; what is not given stays
        assert "statusReason" not in made
        made = tmf.customers.patch(made, JsonPatch().test("/name", "Club").remove("/characteristic/0"))
        made = tmf.customers.patch(made, QueryPatch().remove("/characteristic?characteristic.name=colour"))
        assert not made.characteristic
        tmf.customers.delete(made)
