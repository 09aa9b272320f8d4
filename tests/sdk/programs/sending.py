"""Send 200 messages, ten at a time."""

from concurrent.futures import ThreadPoolExecutor

from tmfkit_sdk.communication_v1 import Communication, Receiver


def main(url: str) -> None:
    with Communication(url, timeout=60) as tmf:

        def send(number: int) -> str | None:
            receiver = Receiver(id=str(number), name="Kim", phone_number=f"+1555{number:07}")
            sent = tmf.messages.send(
                type="SMS", content=f"Number {number}", receiver=[receiver], idempotency_key=f"campaign-1-{number}"
            )
            return sent.status if sent else None

        with ThreadPoolExecutor(10) as threads:
            results = list(threads.map(send, range(200)))
        assert results == ["Completed"] * 200
