"""Rights and what comes of changing them, in words and for programs."""

from collections.abc import Mapping
from typing import Any

from mailconnector.app.share.changes import AclChange, Danger, Warned
from mailconnector.app.share.effective import Effect, FolderAcl, Reason
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.identifiers import GROUP_WORD, Dialect, Rank
from mailconnector.app.share.words import Role, in_words, role_of
from mailconnector.imap.rights import Rights

_DANGERS: Mapping[Danger, str] = {
    Danger.OWN_ADMINISTER: "you would no longer be able to change who may do what there (you would lose: {})",
    Danger.OWN_RIGHTS: "you would have fewer rights there yourself: {} would go",
    Danger.OWNER: "the owner would be locked out of: {}",
    Danger.STILL_TAKEN: "another entry keeps this from: {}; `share explain` says which",
    Danger.TIED: "on this server these come along: {}",
    Danger.MISSING: "this server cannot grant: {}",
    Danger.EVERYBODY: "this is for everybody on the server: {}",
}


def danger_text(warned: Warned) -> str:
    """Say what would come of a change."""
    return _DANGERS[warned.danger].format(in_words(warned.rights))


def rights_text(rights: Rights) -> str:
    """Return rights as a role with their letters, or in words."""
    role = role_of(rights)
    if role is Role.NONE:
        return in_words(rights) if rights else "nothing"
    if role is Role.CUSTOM:
        return f"{in_words(rights)} ({rights})"
    return f"{role.value} ({rights})"


def who_text(dialect: Dialect, identifier: str) -> str:
    """Return whom an entry is about."""
    rank, name = dialect.rank(identifier)
    texts = {
        Rank.ANYONE: "everybody (anyone)",
        Rank.LOGGED_IN: "everybody who is logged in",
        Rank.OWNER: "the owner",
        Rank.GROUP: f"group {name}",
        Rank.GROUP_OVERRIDE: f"group {name}, before its members' own entries",
    }
    bare = identifier.removeprefix("-")
    text = f"{bare}" if rank is Rank.USER or (rank is Rank.ANYONE and bare != "anyone") else texts[rank]
    return f"not for {text}" if identifier.startswith("-") else text


def change_text(dialect: Dialect, change: AclChange) -> str:
    """Say what a change does."""
    who = who_text(dialect, change.identifier)
    if not change.is_needed:
        return f"{change.folder.shown}: {who}: {rights_text(change.before)}, as it is"
    return f"{change.folder.shown}: {who}: {rights_text(change.before)} -> {rights_text(change.after)}"


def reason_text(dialect: Dialect, reason: Reason) -> str:
    """Say what an entry does to somebody's rights."""
    rights = in_words(reason.rights)
    if reason.effect is Effect.IMPLIED:
        return f"the owner has these anyway: {rights}"
    who = who_text(dialect, reason.identifier)
    if reason.effect is Effect.OVERRIDDEN:
        return f"{who}: {rights} does not count, as a more special entry is there"
    if reason.effect is Effect.TAKES:
        return f"{who}: these are taken away: {rights}"
    return f"{who}: {rights}"


def rights_json(rights: Rights) -> dict[str, Any]:
    """Return rights for programs."""
    return {"letters": str(rights), "role": role_of(rights).value}


def folder_json(folder: Folder) -> dict[str, Any]:
    """Return a folder for programs."""
    return {
        "folder": folder.shown,
        "mailbox": folder.mailbox,
        "owner": folder.owner or None,
        "own": folder.own,
        "private_hidden": folder.companion is not None,
    }


def acl_json(acl: FolderAcl) -> list[dict[str, Any]]:
    """Return a list for programs."""
    return [
        {"identifier": name, "who": acl.dialect.shown(name), "deny": name.startswith("-"), **rights_json(rights)}
        for name, rights in acl.entries.items()
    ]


def change_json(change: AclChange) -> dict[str, Any]:
    """Return a change for programs."""
    return {
        **folder_json(change.folder),
        "identifier": change.identifier,
        "before": rights_json(change.before),
        "after": rights_json(change.after),
        "needed": change.is_needed,
        "warnings": [{"about": one.danger.value, "rights": str(one.rights)} for one in change.dangers],
    }


GROUP_HELP = f"a login, anyone, or a group as {GROUP_WORD}NAME"
