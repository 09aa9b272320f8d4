"""The table ``tally``: how many records a collection has, in stretches of positions of several widths.

A position is in the stretch ``position >> bits``. The one stretch of the widest kind has the size of the collection.
The way to its n-th record leads down the widths, from a stretch to those inside it, until few positions are left to be
counted off. Each connection counts in rows of its own (``shard``), so that writers do not wait for each other.
"""

from __future__ import annotations

import itertools

__all__ = ["COUNTED_OFF", "MINUS_WRITTEN", "PLUS_WRITTEN", "SIZE", "SIZE_OF_ALL", "START"]

# Bits, as in the step of the schema that made the table; the first are those of every position.
_WIDTHS = (63, 22, 17, 12)

COUNTED_OFF = 1 << _WIDTHS[-1]
"""The offset from which on ``START`` is worth its while; before, records are counted off from the first one."""

_SIZE = "(SELECT coalesce(sum(records), 0)::bigint AS total FROM tally WHERE bits = {bits}{which})"

SIZE = _SIZE.format(bits=_WIDTHS[0], which=" AND collection = %(collection)s")
"""How many records ``collection`` has, as ``total``."""

SIZE_OF_ALL = _SIZE.format(bits=_WIDTHS[0], which="")
"""How many records there are."""

_COUNT = """
INSERT INTO tally AS known (collection, bits, stretch, shard, records)
SELECT collection, bits, position >> bits, pg_backend_pid() %% 64, {sign}count(*)
FROM written CROSS JOIN (VALUES {widths}) width (bits)
GROUP BY collection, bits, position >> bits
-- In one order, so that statements that share rows do not wait for each other in a circle.
ORDER BY collection, bits, position >> bits
ON CONFLICT (collection, bits, stretch, shard) DO UPDATE SET records = known.records + excluded.records"""
_VALUES = ", ".join(f"({bits})" for bits in _WIDTHS)

PLUS_WRITTEN = _COUNT.format(sign="", widths=_VALUES)
"""Counts the records that ``written`` has with their collection and position."""

MINUS_WRITTEN = _COUNT.format(sign="-", widths=_VALUES)
"""Counts them as gone."""

# Ends of the range as values of their own, because the planner would rather read every stretch than join.
_INSIDE = """stretch_{bits} AS (
    SELECT stretch, running - records AS before FROM (
        SELECT stretch, sum(records)::bigint AS records,
            (SELECT before FROM stretch_{around}) + (sum(sum(records)) OVER (ORDER BY stretch))::bigint AS running
        FROM tally WHERE collection = %(collection)s AND bits = {bits}
            AND stretch >= (SELECT stretch << ({around} - {bits}) FROM stretch_{around})
            AND stretch < (SELECT (stretch + 1) << ({around} - {bits}) FROM stretch_{around})
        GROUP BY stretch
    ) counted
    WHERE running > %(offset)s ORDER BY stretch LIMIT 1
)"""
_START = "start AS (SELECT stretch << {bits} AS position, before FROM stretch_{bits})"

START = ", ".join(
    (
        f"stretch_{_WIDTHS[0]} AS (SELECT 0::bigint AS stretch, 0::bigint AS before)",
        *(_INSIDE.format(bits=bits, around=around) for around, bits in itertools.pairwise(_WIDTHS)),
        _START.format(bits=_WIDTHS[-1]),
    )
)
"""Queries for a WITH, of which the last one, ``start``, tells where to begin to count.

It has one row: a position not far before the record at ``offset`` of ``collection``, and how many records come before
that position; or no row when the collection ends before the offset.
"""
