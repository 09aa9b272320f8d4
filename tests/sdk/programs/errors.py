"""Tell apart what went wrong: refused, missing, not reachable, not readable."""

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty
from tmfkit_sdk.errors import ApiError, BadRequest, NoAnswer, NotFound


def main(url: str) -> None:
    with CustomerManagement(url) as tmf:
        try:
            tmf.customers.get("no-such-id")
        except NotFound as error:
            print(error)  # GET http://…/customer/no-such-id: 404 Not Found: …
        try:
            tmf.customers.list(where={"name.regex": "("}).all()
        except BadRequest as error:
            assert error.code and error.reason and error.response.request.method == "GET"
        try:
            tmf.customers.create(name="Club", engaged_party=RelatedParty(id="1"), extra={"status": 5})
        except ApiError as error:
            print(error.status, error.reason)
    try:
        CustomerManagement("http://127.0.0.1:1", retries=0).customers.find("1")
    except NoAnswer as error:
        assert error.sent is False  # so that it can be sent again without harm
