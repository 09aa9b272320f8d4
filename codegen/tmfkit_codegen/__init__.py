"""Makes models, SDK and bundled contracts from the folders under ``specs/``.

Read it in the order of the work: ``load`` reads files with line numbers, ``inputs`` gathers what one run is made from, ``lint`` and
``agreement`` refuse bad inputs, ``contracts``, ``models`` and ``client`` make the output, ``completeness`` compares output and contract, ``tree``
writes it or compares it with what is committed.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("tmfkit")
