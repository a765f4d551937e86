"""What other programs change in a calendar of ours counts more than the fields of ours that they left beside it."""

from __future__ import annotations

from mailconnector.formats import calendar
from mailconnector.items import Mail, Task
from mailconnector.items.task import TaskStatus


def test_a_task_that_another_program_has_done_is_done() -> None:
    waiting = Task(Mail("IPM.Task", subject="Wait"), status=TaskStatus.WAITING, percent_complete=0.123)
    written = calendar.render(waiting)
    (same,) = calendar.parse(written)
    assert isinstance(same, Task)
    assert (same.status, same.percent_complete) == (TaskStatus.WAITING, 0.123)
    done = written.replace(b"STATUS:IN-PROCESS", b"STATUS:COMPLETED").replace(b"COMPLETE:12\r\n", b"COMPLETE:100\r\n")
    (read,) = calendar.parse(done)
    assert isinstance(read, Task)
    assert (read.status, read.percent_complete) == (TaskStatus.COMPLETE, 1.0)
