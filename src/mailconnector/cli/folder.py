"""The commands `mailconnector folder ...`: when and how far folders are synchronised."""

from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.sync.accounts import chosen_accounts, job_for
from mailconnector.app.sync.folder_choices import (
    OPTION_NAMES,
    FolderChoice,
    folder_choice,
    listed_folders,
    meant_folder,
    set_folder_options,
)
from mailconnector.app.sync.status import account_status
from mailconnector.cli.exits import ends_well
from mailconnector.cli.folder_arrange import arrange_command
from mailconnector.cli.options import Account, AnyAccount, AsJson, ProfileFile
from mailconnector.cli.status import mode_text
from mailconnector.cli.terminal import clean, facts_table, list_table, print_json, print_line, size_text, stdout
from mailconnector.sync import Form, Mode

folder_app = typer.Typer(
    help="When and how far each folder is synchronised, and where the special ones stand.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

folder_app.command("arrange")(arrange_command)


@folder_app.command("list")
@ends_well
def list_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> None:
    """List the folders of an account, and how each is synchronised. Folders are known after the first run."""
    loaded = Profile.load(profile)
    answers = []
    for number, each in enumerate(chosen_accounts(loaded, account)):
        listed = listed_folders(each, account_status(job_for(each)).folders)
        if as_json:
            folders = [{**_choice_json(choice), "items": status.items if status else None} for choice, status in listed]
            answers.append({"account": each.key, "default": _choice_json(folder_choice(each, ())), "folders": folders})
            continue
        if number:
            print_line("")
        print_line(Text(clean(each.key), style="bold").append(f": {_words(folder_choice(each, ()))}", style="not bold"))
        if not listed:
            print_line(f"  Its folders are known after the first `mailconnector sync {clean(each.key)}`.")
            continue
        table = list_table("Folder", "Items", "When", "Since", "Whole up to", right=("Items",), folding=("Folder",))
        for choice, status in listed:
            options = choice.options
            table.add_row(
                clean("/".join(choice.path)),
                f"{status.items:,}" if status else "",
                _marked(mode_text(options), "mode" in choice.own or "minutes" in choice.own),
                _marked(str(options.since or "all"), "since" in choice.own),
                _marked(_size(options.max_size), "max_size" in choice.own),
            )
        stdout().print(table)
    if as_json:
        print_json({"profile": str(loaded.path), "accounts": answers})


@folder_app.command("options")
@ends_well
def options_command(
    account: Account,
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="FOLDER",
            help="The folder, as Inbox/2026; without it, what holds for all that have no options of their own.",
            show_default=False,
        ),
    ] = None,
    profile: ProfileFile = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="selection: when selected; start: when `run` starts; interval: every --minutes; push: whenever the "
            "server or the PST changes; demand: by `sync` alone; never; default: as the account.",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        str | None, typer.Option(metavar="N", help="How often, in the mode interval; or default.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="Leave what was received before that day on the server; or all, default.",
            show_default=False,
        ),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Of larger messages only the headers, as 5MB; or all, default.", show_default=False
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="Changed items of other programs are written to the server: author, in the form of the program that "
            "they came from; own, in ours, which says everything; default.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or set how a folder is synchronised. It holds from the next run on, and may be changed at any time.

    What is set is written into the profile, whose comments stay.
    """
    loaded = Profile.load(profile)
    found = loaded.account(account)
    path, known = meant_folder(job_for(found), split_path(folder or ""))
    given = {"mode": mode, "minutes": minutes, "since": since, "max_size": max_size, "form": form}
    values: dict[str, Any] = {name: _value(name, text) for name, text in given.items() if text is not None}
    if values:
        found = set_folder_options(loaded, found, path, values)
    choice = folder_choice(found, path)
    if as_json:
        print_json({"account": found.key, **_choice_json(choice)})
        return
    what = (
        f"{clean(join_path(path))} of {clean(found.key)}" if path else f"{clean(found.key)}, folders without their own"
    )
    print_line(what, "bold")
    options = choice.options
    rows = [
        ("When", _mode_words(options.mode, options.minutes), "mode" in choice.own or "minutes" in choice.own),
        ("Received since", str(options.since or "all"), "since" in choice.own),
        ("Whole up to", _size(options.max_size), "max_size" in choice.own),
        ("Others' items", _FORM_WORDS[options.form], "form" in choice.own),
    ]
    default = "" if not path else " (as the account)"
    stdout().print(facts_table([(name, Text(value + ("" if own else default))) for name, value, own in rows]))
    if not known:
        print_line("No folder has this name so far; `mailconnector folder list` shows those that are there.")


def _value(name: str, text: str) -> Any:
    """Return an option as the profile has it; None for the default. The profile checks it."""
    if text == "default":
        return None
    if name == "minutes":
        if not text.isdecimal():
            raise typer.BadParameter("a number of minutes, or default", param_hint="--minutes")
        return int(text)
    if name == "form" and text not in [form.value for form in Form]:
        raise typer.BadParameter("author, own, or default", param_hint="--form")
    if name == "mode" and text not in [mode.value for mode in Mode]:
        known = ", ".join(mode.value for mode in Mode)
        raise typer.BadParameter(f"one of {known}, or default", param_hint="--mode")
    return text


_MODE_WORDS = {
    Mode.SELECTION: "when it is selected (selection)",
    Mode.START: "when `mailconnector run` starts (start)",
    Mode.PUSH: "whenever the server or the PST changes (push)",
    Mode.DEMAND: "by `mailconnector sync` alone (demand)",
    Mode.NEVER: "never; it is left alone (never)",
}


_FORM_WORDS = {
    Form.AUTHOR: "written in their programs' forms (author)",
    Form.OWN: "written in our form (own)",
}


def _mode_words(mode: Mode, minutes: int) -> str:
    return f"every {minutes} minutes (interval)" if mode is Mode.INTERVAL else _MODE_WORDS[mode]


def _words(choice: FolderChoice) -> str:
    options = choice.options
    parts = [_mode_words(options.mode, options.minutes)]
    if options.since:
        parts.append(f"received since {options.since}")
    if options.max_size is not None:
        parts.append(f"whole up to {_size(options.max_size)}")
    return ", ".join(parts)


def _marked(text: str, own: bool) -> Text:
    return Text(text, style="bold" if own else "dim")


def _size(size: int | None) -> str:
    return "any size" if size is None else size_text(size)


def _choice_json(choice: FolderChoice) -> dict[str, Any]:
    options = choice.options
    values = {
        "mode": options.mode.value,
        "minutes": options.minutes,
        "since": options.since.isoformat() if options.since else None,
        "max_size": options.max_size,
        "form": options.form.value,
    }
    assert tuple(values) == OPTION_NAMES
    return {"folder": join_path(choice.path), **values, "own": list(choice.own)}
