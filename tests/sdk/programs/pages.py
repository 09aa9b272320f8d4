"""Read 1,050 records, however many the server gives at a time."""

from concurrent.futures import ThreadPoolExecutor

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty


def main(url: str) -> None:
    with CustomerManagement(url) as tmf:
        party = RelatedParty(id="pages")
        with ThreadPoolExecutor(8) as threads:  # one client works over many threads
            list(threads.map(lambda n: tmf.customers.create(name=f"{n:04}", engaged_party=party), range(1050)))
        everyone = tmf.customers.list(where={"engagedParty.id": "pages"}, sort="name", limit=100)
        assert everyone.total == 1050
        assert [one.name for one in everyone] == [f"{n:04}" for n in range(1050)]
        assert len(everyone.all(at_most=250)) == 250
        sizes = [len(page) for page in everyone.pages()]
        assert sum(sizes) == 1050 and max(sizes) <= 100
