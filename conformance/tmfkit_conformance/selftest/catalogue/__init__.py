"""The catalogue: targets that nobody may be wrong about.

Three groups: sound servers with an unusual but allowed behaviour, addresses where no API is or runs that are
misconfigured, and servers with one thing refused or missing. They show what the self-test cannot: that the kit raises
no false alarm, says what it found in a sentence that helps, and shows one cause once.
"""
