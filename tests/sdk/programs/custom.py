"""Attributes of one's own, and date-times as they came."""

from datetime import UTC, datetime, timedelta, timezone

from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty, TimePeriod


def main(url: str) -> None:
    start = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    with CustomerManagement(url) as tmf:
        period = TimePeriod(start_date_time=start)
        extra = {"shoeSize": 43, "badges": [{"name": "cox"}]}
        made = tmf.customers.create(name="Club", engaged_party=RelatedParty(id="1"), valid_for=period, extra=extra)
        assert (made["shoeSize"], made.extra["badges"]) == (43, [{"name": "cox"}])
        changed = tmf.customers.update(made, extra={"shoeSize": 44})  # all else stays as it was
        assert changed["badges"] == [{"name": "cox"}]
        assert changed.valid_for is not None and changed.valid_for.start_date_time == start
        assert changed["validFor"]["startDateTime"] == "2026-03-01T09:30:00+02:00"  # the text that was sent
        try:
            TimePeriod(start_date_time=datetime(2026, 3, 1))  # nobody knows which instant that is
        except ValueError as error:
            print(error)
        TimePeriod(start_date_time=datetime(2026, 3, 1, tzinfo=UTC))
        tmf.customers.delete(changed)
