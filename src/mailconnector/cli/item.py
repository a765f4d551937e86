"""The commands `mailconnector item ...`: one item, all that it has, and its two sides compared."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.app.item.comparing import Changed, Comparison, Difference, compare
from mailconnector.app.item.finding import Sides, item_in_file, opened_sides
from mailconnector.app.item.showing import Fact, ItemView, view_of
from mailconnector.app.sync.accounts import chosen_accounts, job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, Account, AsJson, Codepage, ProfileFile
from mailconnector.cli.terminal import (
    clean,
    clean_lines,
    counted,
    cut_text,
    facts_table,
    list_table,
    print_json,
    print_line,
    stdout,
)
from mailconnector.items import label_of
from mailconnector.sync import Side

item_app = typer.Typer(
    help="Single items: show all that one has, compare its two sides.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_SIDES = {"local": Side.LOCAL, "server": Side.REMOTE}
_NOTHING = "-"


@item_app.command("show")
@ends_well
def show_command(
    where: Annotated[
        str, typer.Argument(metavar="ACCOUNT|FILE", help="An account, or a file with items.", show_default=False)
    ],
    place: Annotated[
        str,
        typer.Argument(metavar="[FOLDER|NUMBER]", help="The folder; of a PST file a NID, of another file a number."),
    ] = "",
    item: Annotated[
        str, typer.Argument(metavar="[ITEM]", help="Its title or a part of it, its message id, or its number.")
    ] = "",
    side: Annotated[str, typer.Option("--side", metavar="local|server", help="Of an account: which side.")] = "local",
    everything: Annotated[
        bool, typer.Option("--all", help="Show the properties that no field expresses, too.")
    ] = False,
    codepage: Codepage = DEFAULT_CODEPAGE,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> None:
    """Show all that an item has: one of an account, of a PST, or of a file as .ics, .vcf, .msg, .eml, winmail.dat."""
    if side not in _SIDES:
        raise AppUsageError(f"there is no side {side}", hint="A side is local or server.")
    if not item and Path(where).is_file():
        with item_in_file(Path(where), place, codepage) as found:
            _show(view_of(found), everything=everything, as_json=as_json)
        return
    with opened_sides(_job(profile, where), _needed(place, "folder"), _needed(item, "item"), (_SIDES[side],)) as sides:
        one = sides.here if side == "local" else sides.there
        if one is None:
            raise AppUsageError(f"{sides.pair.title or sides.pair.name} is not there any more")
        _show(view_of(one), everything=everything, as_json=as_json)


@item_app.command("diff")
@ends_well
def diff_command(
    account: Account,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The path of the folder.", show_default=False)],
    item: Annotated[
        str,
        typer.Argument(
            metavar="ITEM", help="Its title or a part of it, its message id, or its number.", show_default=False
        ),
    ],
    everything: Annotated[bool, typer.Option("--all", help="Show what programs write for themselves, too.")] = False,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Compare an item in the PST with the same one on the server, and say who changed what since they were in step.

    The exit code is 1 where there is a difference.
    """
    with opened_sides(_job(profile, account), folder, item) as sides:
        found = compare(sides.here, sides.there, sides.pair.base) if sides.here and sides.there else None
    wanted = [one for one in found.differences if everything or not one.minor] if found else []
    if as_json:
        print_json(_diff_json(sides, found, wanted))
    else:
        _print_diff(sides, found, wanted)
    return ExitCode.FINDINGS if found is None or wanted else ExitCode.OK


def _job(profile: Path | None, account: str) -> Any:
    (found,) = chosen_accounts(Profile.load(profile), account)
    return job_for(found)


def _needed(argument: str, what: str) -> str:
    if not argument:
        raise AppUsageError(
            f"which {what}?", hint="`mailconnector item show ACCOUNT FOLDER ITEM`, or `mailconnector item show FILE`."
        )
    return argument


# -- Showing -----------------------------------------------------------------------------------------------------------


def _show(view: ItemView, *, everything: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "type": view.type,
                "message_class": view.message_class,
                "title": view.title,
                "fields": _facts_json(view.facts),
                "people": _facts_json(view.people),
                "files": _facts_json(view.files),
                "text": view.text,
                "text_form": view.text_form,
                "leftover": _facts_json(view.leftover),
            }
        )
        return
    print_line(Text(clean(view.title) or "(without a title)", style="bold"))
    print_line(f"{view.type.capitalize()}, {clean(view.message_class)}", "dim")
    print_line("")
    stdout().print(facts_table([(_capital(fact.label), Text(clean_lines(fact.words))) for fact in view.facts]))
    _section("People", view.people)
    _section("Attached", view.files)
    if view.text:
        _heading(f"Text ({view.text_form})")
        print_line(Text(clean_lines(view.text.rstrip())))
    if everything:
        _section("Further properties", view.leftover)
    elif view.leftover:
        print_line("")
        print_line(f"... and {counted(len(view.leftover), 'further property', 'further properties')}: --all", "dim")


def _section(title: str, facts: tuple[Fact, ...]) -> None:
    if facts:
        _heading(title)
        stdout().print(facts_table([(clean(fact.label), cut_text(clean(fact.words))) for fact in facts]))


def _heading(title: str) -> None:
    print_line("")
    print_line(Text(title, style="bold"))


def _capital(text: str) -> str:
    return clean(text[:1].upper() + text[1:])


def _facts_json(facts: tuple[Fact, ...]) -> list[dict[str, str]]:
    return [{"path": fact.path, "label": fact.label, "value": fact.words} for fact in facts]


# -- Comparing ---------------------------------------------------------------------------------------------------------

_WORDS = {
    Changed.HERE: "in the PST",
    Changed.THERE: "on the server",
    Changed.BOTH: "on both sides",
    Changed.ALIKE: "on both sides, alike",
    Changed.UNKNOWN: "not known",
}


def _print_diff(sides: Sides, found: Comparison | None, wanted: list[Difference]) -> None:
    print_line(Text(clean(sides.pair.title or sides.pair.name), style="bold"))
    if found is None:
        gone = [name for name, one in (("in the PST", sides.here), ("on the server", sides.there)) if one is None]
        print_line(f"It is gone {' and '.join(gone)}.")
        return
    if not wanted:
        hidden = len(found.differences)
        print_line("The same on both sides." + (" --all shows what programs write for themselves." if hidden else ""))
        return
    table = list_table(
        "Field", "Changed", "In the PST", "On the server", folding=("Field", "In the PST", "On the server")
    )
    for one in wanted:
        table.add_row(
            _capital(one.label), _WORDS[one.changed], clean(one.here) or _NOTHING, clean(one.there) or _NOTHING
        )
    stdout().print(table)
    print_line("")
    if not found.is_known:
        print_line("What it was when the two sides were last in step is not known.")
    elif found.clashes:
        fields = ", ".join(map(label_of, found.clashes))
        print_line(f"Both sides changed the same: {clean(fields)}. The next round keeps both, as two items.")
    elif {one.changed for one in wanted} != {Changed.ALIKE}:
        print_line("The next round gives both sides all of these changes.")


def _diff_json(sides: Sides, found: Comparison | None, wanted: list[Difference]) -> dict[str, Any]:
    return {
        "item": sides.pair.row,
        "title": sides.pair.title,
        "here": sides.here is not None,
        "there": sides.there is not None,
        "base_known": bool(found and found.is_known),
        "clashes": list(found.clashes) if found else [],
        "differences": [
            {
                "path": one.path,
                "label": one.label,
                "changed": one.changed.value,
                "here": one.here,
                "there": one.there,
                "minor": one.minor,
            }
            for one in wanted
        ],
    }
