"""Pages that end at so many bytes, before they leave the database."""

from __future__ import annotations

__all__ = ["within_bytes"]


def within_bytes(most: str, page: str, text: str = "body") -> str:
    """Return the statement for the first rows of a page, up to the one with which they have *most* bytes or more.

    Args:
        most: Placeholder of the number of bytes, which is the last one of the statement.
        page: Statement for the page, which has its order in the column ``place``.
        text: Column whose bytes count.
    """
    rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"""
SELECT * FROM (
    SELECT page.*, sum(octet_length({text}::text)) OVER (ORDER BY place {rows}) AS before FROM ({page}
    ) page
) part WHERE coalesce(before, 0) < {most} ORDER BY place"""  # noqa: S608 - constants
