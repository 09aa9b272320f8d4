"""Ordinary words that short texts are made of: what people in a customer's office write about, and how they call it.

They are short and common, so that no run is known by them; what is unguessable are the names and numbers between them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PLACES", "QUALITIES", "THINGS", "TITLES"]


def _each(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


THINGS: Final = _each("""
    alarm audit badge bill block board boat bonus boost booth box brief bus cable call cap card case cause chair
    chart check chip claim class clerk clock cloud coach coast code coin cost count court cover crew cup date deal
    debit debt delay depot desk disc dish door draft drain drive drum dues duty error event exit fan fault fax fee
    fence fibre field file film fleet floor flow form frame fuse gap gate gauge goods grant grid group guard guest
    guide hall head help home hotel hour house hub index input issue item job key label lamp lane lease lens
    level limit line link list loan lock loop loss mail map mast meter mill mode modem month mount move net night
    node noise note offer order pack page panel paper park part patch pause phone photo piece pilot pipe place plan
    plant plate plug point pole pool port post power price print prize proof pump quay queue quote rack radio raise
    range rate relay rent reply rest ring risk road roof room root route sale scale scope seat share shed shelf shift
    ship shop sign site skill slot sound space speed spot stage stamp start state step stock stop store study sum
    table tap task tax team term text tile title token tone tool topic tour tower town track trade train
    trip truck trunk tube unit usage valve van visit voice vote wage wall watch water week wharf wheel wire work yard
    year zone
""")

QUALITIES: Final = _each("""
    able acute basic best big bold brief broad busy calm cheap civil clean clear close cold cool daily dark dear deep
    dense dry dual due early easy empty equal exact extra faint fair far fast final fine firm first flat free fresh
    full glad good great green grey half happy hard heavy high home human ideal idle inner joint keen kind large last
    late lean legal level light live local long loose loud low lucky main major minor mixed moral naval near neat new
    next nice noisy north novel odd old open other outer paid pale past plain prime prior proud quick quiet rapid
    rare raw ready real red rich right rigid rough round royal rural safe same sharp short slow small smart soft
    solid sound spare stale stark steep stiff still sunny sure sweet swift tall thick thin tidy tight tiny total
    tough true upper urban usual vague vast vital vivid warm weak west wet white whole wide wild wise young
""")

PLACES: Final = _each("""
    Bank Brow Close Court Cross Drive End Field Gate Green Grove Hill Lane Mews Park Quay Rise Road Row Walk Way Wharf
    Yard
""")

TITLES: Final = ("Dr", "Mr", "Mrs", "Ms", "Mx", "Prof")
