"""Makes models, SDK and bundled contracts from the folders under ``specs/``.

Read it in the order of the work. ``load`` reads files with line numbers, ``inputs`` gathers what one run is made from,
``lint`` and ``agreement`` refuse bad inputs (``verified`` asks both), ``contracts``, ``models`` and ``client`` make the
output, ``completeness`` compares it with the contract, ``generate`` puts it together, ``tree`` writes it, and ``check``
compares it with what is committed.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("tmfkit")
