"""What an operation raises beside the errors of httpx."""

from __future__ import annotations

__all__ = ["UnexpectedStatus"]


class UnexpectedStatus(Exception):  # noqa: N818 - the name that users of such clients know
    """The server answered with a status that the contract does not name.

    Attributes:
        status_code: The status.
        content: The body as received.
    """

    def __init__(self, status_code: int, content: bytes) -> None:
        super().__init__(status_code, content)
        self.status_code, self.content = status_code, content

    def __str__(self) -> str:
        return (
            f"status {self.status_code} is not in the contract; the body was: {self.content.decode(errors='replace')}"
        )
