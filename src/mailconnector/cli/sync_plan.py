"""The plan of a dry run, a line an action."""

from datetime import UTC, datetime

from rich.text import Text

from mailconnector.cli.sync_report import folder_action_text
from mailconnector.cli.sync_words import CONFLICTS, LOG_STEPS, TO_SIDE
from mailconnector.cli.terminal import clean, print_line, size_text
from mailconnector.sync import Side, Step
from mailconnector.sync.plan import FolderAction, ItemAction


def print_action(path: tuple[str, ...], action: ItemAction | FolderAction) -> None:
    """Write one action of a plan."""
    print_line(action_text(path, action))


def action_text(path: tuple[str, ...], action: ItemAction | FolderAction) -> Text:
    """Return one action of a plan in words."""
    if isinstance(action, FolderAction):
        text = Text("Would be: ").append(folder_action_text(action))
    else:
        view = action.view
        text = Text(f"{TO_SIDE[action.side.value]:<13} {LOG_STEPS[action.step.value]:<12} ")
        text.append(clean("/".join(path)), style="bold")
        text.append(f": {clean(view.title or view.name or view.local.id or view.remote.id, 60)}")
        facts = [datetime.fromtimestamp(view.date, UTC).strftime("%Y-%m-%d")] if view.date is not None else []
        if action.step in (Step.ADD, Step.REPLACE) and view.size:
            facts.append("headers only" if action.headers_only else size_text(view.size))
        if action.step is Step.FLAGS:
            facts.extend(_marks(action))
        text.append(f"  ({', '.join(facts)})" if facts else "", style="dim")
    if action.conflict:
        text.append(f"  [{CONFLICTS[action.conflict]}]", style="yellow")
    return text


def _marks(action: ItemAction) -> list[str]:
    found = []
    for side, after in ((Side.LOCAL, action.local_flags), (Side.REMOTE, action.remote_flags)):
        now = action.view.side(side).flags
        found += [f"{TO_SIDE[side.value]}: +{clean(flag)}" for flag in sorted(after - now)]
        found += [f"{TO_SIDE[side.value]}: -{clean(flag)}" for flag in sorted(now - after)]
    return found
