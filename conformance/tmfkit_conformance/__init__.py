"""The conformance kit: drives an implementation, records what it does, judges the record, reports the verdicts.

The four steps have files between them, so that each can be repeated without the others: ``drive`` sends requests and
``record`` keeps every exchange in a bundle; ``judge`` is a pure function from bundle and contract to verdicts;
``report`` renders verdicts.
"""
