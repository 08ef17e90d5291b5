"""A task's life: created anew, used again, continued, completed, failed, stopped, reset, by uncaught exception."""

import os
import signal

from clearml import Task

PROJECT = "yard/lifecycle"


def run(state):
    for name in ("new", "reuse", "another", "continue_", "completed", "failed", "stopped"):
        state.part("lifecycle", name)
    output = state.part("lifecycle", "crash", expect=1)
    assert "the experiment exploded" in output
    state.part("lifecycle", "interrupted", expect=-signal.SIGINT)


def part_new(state):
    task = Task.init(PROJECT, "twice", auto_resource_monitoring=False)
    task.connect({"left": "over"})
    task.get_logger().report_scalar("m", "v", 1.0, 5)
    state["first"] = task.id
    task.close()


def part_reuse(state):
    """The same project and name again: the same task, emptied."""
    task = Task.init(PROJECT, "twice", auto_resource_monitoring=False)
    assert task.id == state["first"], "the task should have been used again"
    assert "General/left" not in (task.get_parameters() or {}), task.get_parameters()
    task.get_logger().report_scalar("m", "v", 2.0, 0)
    task.upload_artifact("keeps it from being used again", {"k": 1}, wait_on_upload=True)
    task.close()


def part_another(state):
    """A task with artifacts is not used again."""
    task = Task.init(PROJECT, "twice", auto_resource_monitoring=False)
    assert task.id != state["first"], "a task with artifacts must not be used again"
    state["another"] = task.id
    task.get_logger().report_scalar("m", "v", 3.0, 9)
    task.close()


def part_continue_(state):
    task = Task.init(
        PROJECT, "twice", continue_last_task=state["another"], auto_resource_monitoring=False
    )
    assert task.id == state["another"]
    assert task.get_initial_iteration() == 10, task.get_initial_iteration()
    task.get_logger().report_scalar("m", "v", 4.0, 0)
    task.close()


def begin(state, name):
    task = Task.init(PROJECT, name, reuse_last_task_id=False, auto_resource_monitoring=False)
    state[name] = task.id
    return task


def part_completed(state):
    task = begin(state, "completed")
    task.mark_completed(status_message="done by hand")


def part_failed(state):
    task = begin(state, "failed")
    task.mark_failed(status_reason="loss is NaN", status_message="see the log")


def part_stopped(state):
    """Not the process's own task: that one would be marked as completed when the process ends well."""
    task = Task.create(project_name=PROJECT, task_name="stopped")
    task.mark_started()
    task.mark_stopped(status_message="enough")
    state["stopped"] = task.id


def part_crash(state):
    task = begin(state, "crash")
    state.save()
    print("about to explode", task.id)
    raise RuntimeError("the experiment exploded")


def part_interrupted(state):
    """Somebody presses Ctrl-C."""
    begin(state, "interrupted")
    state.save()
    os.kill(os.getpid(), signal.SIGINT)


def check(state):
    def task(name):
        return Task.get_task(task_id=state[name])

    first = task("first")
    assert first.get_status() == "completed"
    assert first.get_reported_scalars()["m"]["v"] == {"name": "v", "x": [0], "y": [2.0]}, first.get_reported_scalars()
    continued = task("another")
    series = continued.get_reported_scalars()["m"]["v"]
    assert (series["x"], series["y"]) == ([9, 10], [3.0, 4.0]), series
    assert continued.get_last_iteration() == 10

    assert task("completed").get_status() == "completed"
    assert task("stopped").get_status() == "stopped"
    assert task("stopped").data.status_message == "enough"
    assert task("interrupted").get_status() == "stopped", task("interrupted").get_status()
    failed = task("failed")
    assert failed.get_status() == "failed" and failed.data.status_reason == "loss is NaN", failed.data.status_reason
    assert failed.data.started and failed.data.completed

    crashed = task("crash")
    assert crashed.get_status() == "failed", crashed.data.to_dict()
    text = "\n".join(crashed.get_reported_console_output(number_of_reports=100))
    assert "about to explode" in text and "the experiment exploded" in text, text

    failed.reset(force=True)
    again = task("failed")
    assert again.get_status() == "created", again.get_status()
    stopped = task("stopped")
    stopped.mark_started(force=True)
    assert task("stopped").get_status() == "in_progress"
    stopped.mark_completed()
    assert task("stopped").get_status() == "completed"
