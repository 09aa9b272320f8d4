"""Completion for shells: a script that asks the command itself."""

from __future__ import annotations

from collections.abc import Sequence

from tmfkit_sdk.cli.arguments import FORMATS, SHELLS, options_of
from tmfkit_sdk.cli.catalogue import apis, collections

__all__ = ["candidates", "script"]

_SCRIPTS = {
    "bash": """\
_tmfkit_client() {
    local IFS=$'\\n'
    COMPREPLY=($(tmfkit-client __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tmfkit_client tmfkit-client""",
    "zsh": """\
#compdef tmfkit-client
_tmfkit_client() {
    local -a found
    found=(${(f)"$(tmfkit-client __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    compadd -a found
}
compdef _tmfkit_client tmfkit-client""",
    "fish": """\
complete -c tmfkit-client -f -a '(tmfkit-client __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'""",
}


def script(shell: str) -> str:
    """Return what *shell* has to read for completion."""
    return _SCRIPTS[shell]


def candidates(words: Sequence[str]) -> list[str]:
    """Return what the last of *words*, which is not finished, may become."""
    *before, begun = words or [""]
    return [word for word in _possible(before) if word.startswith(begun)]


def _possible(before: Sequence[str]) -> list[str]:
    if not before:
        return [*apis(), "completion"]
    if before == ["completion"]:
        return list(SHELLS)
    if before[0] not in apis():
        return []
    known = collections(before[0])
    if len(before) == 1:
        return list(known)
    collection = known.get(before[1])
    if collection is None:
        return []
    if len(before) == 2:
        return list(collection.actions)
    return list(FORMATS) if before[-1] == "--format" else options_of(before[2])
