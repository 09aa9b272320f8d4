"""Find customers by conditions, by JSONPath, in an order, and only some of their attributes."""

from datetime import UTC, datetime, timedelta

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty, TimePeriod
from tmfkit_sdk.errors import NotSelected


def main(url: str) -> None:
    start, mine = datetime(2026, 1, 1, tzinfo=UTC), {"engagedParty.id": "filters"}
    with CustomerManagement(url) as tmf:
        for day, name in enumerate(["Club, old", "Club, new", "Shop"]):
            period = TimePeriod(start_date_time=start + timedelta(days=day))
            tmf.customers.create(name=name, engaged_party=RelatedParty(id="filters"), valid_for=period)
        later = tmf.customers.list(where={**mine, "validFor.startDateTime.gt": start}, sort=["-name"])
        assert [one.name for one in later] == ["Shop", "Club, new"]
        assert tmf.customers.list(where={**mine, "name": ["Club, old", "Shop"]}).total == 2
        partial = tmf.customers.list(where=mine, filter="$[?(@.name=='Shop')]", fields=["name"]).first()
        assert partial is not None and partial.name == "Shop"
        try:
            print(partial.status)
        except NotSelected as error:
            print(error)  # customer.status: not among the fields asked for (name); …
