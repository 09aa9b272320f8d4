"""Make, read, change, find and remove a resource of every API."""

from datetime import UTC, datetime

from tmfkit_sdk import change_v1, communication_v1, customer_v1, customer_v4, party_interaction_v4


def customers(url: str) -> None:
    with customer_v4.CustomerManagement(url) as tmf:
        made = tmf.customers.create(name="Rowing Club", engaged_party=customer_v4.RelatedParty(id="500"))
        assert tmf.customers.get(made.id) == made
        changed = tmf.customers.update(made, status="Approved")
        assert (changed.name, changed.status) == ("Rowing Club", "Approved")
        assert changed in list(tmf.customers.list(where={"id": made.id}))
        tmf.customers.delete(changed)
        assert tmf.customers.find(made.id) is None


def customers_r14(url: str) -> None:
    with customer_v1.CustomerManagement(url) as tmf:
        made = tmf.customers.create(name="Rowing Club")
        account = tmf.customer_accounts.create(name="Boats", account_type="business")
        account = tmf.customer_accounts.update(account, account_type="residential")
        assert tmf.customer_accounts.get(account.id).account_type == "residential"
        tmf.customer_accounts.delete(account)
        tmf.customers.delete(made)
        assert tmf.customers.find(made.id) is None


def change_requests(url: str) -> None:
    with change_v1.ChangeManagement(url) as tmf:
        specification = change_v1.ChangeRequestSpecification(id="1", href="/spec/1")
        target = change_v1.TargetEntityRef(id="2", href="/entity/2")
        made = tmf.change_requests.create(
            change_request_specification=specification, priority="High", status="New", target_entity_ref=[target]
        )
        assert tmf.change_requests.update(made, description="Now").description == "Now"
        tmf.change_requests.delete(made.id)
        assert tmf.change_requests.find(made.id) is None


def messages(url: str) -> None:
    with communication_v1.Communication(url) as tmf:
        receiver = communication_v1.Receiver(id="7", name="Kim", phone_number="+15550100")
        made = tmf.messages.create(type="SMS", content="Hello", receiver=[receiver])
        assert tmf.messages.update(made, content="Hello Kim").content == "Hello Kim"
        first = tmf.messages.list(where={"content": "Hello Kim"}).first()
        assert first is not None
        tmf.messages.delete(made.id)
        assert tmf.messages.find(made.id) is None


def interactions(url: str) -> None:
    with party_interaction_v4.PartyInteractionManagement(url) as tmf:
        when = party_interaction_v4.TimePeriod(start_date_time=datetime.now(UTC))
        channel = [party_interaction_v4.RelatedChannel(id="1", name="phone")]
        made = tmf.interactions.create(
            channel=channel, interaction_date=when, reason="question", status="opened", direction="inbound"
        )
        assert tmf.interactions.update(made, status="completed").status == "completed"
        tmf.interactions.delete(made.id)
        assert tmf.interactions.find(made.id) is None


def main(url: str) -> None:
    for one in (customers, customers_r14, change_requests, messages, interactions):
        one(url)
