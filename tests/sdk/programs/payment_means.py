"""R14.5: a payment mean, and a customer that is replaced as a whole with PUT."""

from tmfkit_sdk.customer_v1 import CreditCard, CustomerManagement, RelatedParty


def main(url: str) -> None:
    with CustomerManagement(url) as tmf:
        card = CreditCard(credit_card_holder="Kim Lee", type="VISA", number="4111111111111111")
        mean = tmf.payment_means.create(
            name="Card", payment_mean_type="Credit card", related_party=RelatedParty(id="1"), credit_card=card
        )
        assert mean.credit_card is not None and mean.credit_card.number == "xxxxxxxxxxxx1111"
        customer = tmf.customers.create(name="Club", description="Rowing")
        replaced = tmf.customers.replace(customer, name="Club of 1999")  # what is not given is gone
        assert replaced.name == "Club of 1999" and "description" not in replaced
        assert [one.name for one in tmf.customers.list(where={"id": customer.id})] == ["Club of 1999"]
        tmf.payment_means.delete(mean)
        tmf.customers.delete(replaced)
