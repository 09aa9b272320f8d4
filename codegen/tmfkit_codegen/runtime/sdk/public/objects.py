"""What objects of a contract are made of, to read and write them without a call, or to extend their classes.

```python
class ClubCustomer(Customer):  # what has this name as its @type is read as one
    boats: attr[int, int] = attr("boats", INTEGER)
```
"""

from tmfkit_sdk._runtime.encoding import dumps
from tmfkit_sdk._runtime.objects import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    Either,
    Many,
    Object,
    One,
    attr,
    must,
)
from tmfkit_sdk._runtime.reading import read

__all__ = [
    "ANY",
    "BOOLEAN",
    "INTEGER",
    "NUMBER",
    "OBJECT",
    "TEXT",
    "TIME",
    "Either",
    "Many",
    "Object",
    "One",
    "attr",
    "dumps",
    "must",
    "read",
]
