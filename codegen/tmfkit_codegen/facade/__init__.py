"""What the SDK has of a contract: classes, collections and events by their names in Python, and what it cannot have.

The generator of clients sees no ``x-tmf-*`` key and no webhook; what it cannot see stands in the plan made here.
"""

from tmfkit_codegen.facade.plan import Plan, plan
from tmfkit_codegen.facade.refusals import problems

__all__ = ["Plan", "plan", "problems"]
