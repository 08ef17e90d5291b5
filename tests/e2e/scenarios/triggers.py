"""Schedulers that watch the server: tasks by metric, status and tag, models and datasets by publishing, clocks."""

import json
import threading
import time

from clearml import Dataset, OutputModel, Task
from clearml.automation import TaskScheduler, TriggerScheduler
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/triggers"
WATCHED = "yard/triggers watched"
QUEUE = "triggered"


def run(state):
    base(state)
    state.part("triggers", "watch")
    state.part("triggers", "clock")


def base(state):
    task = Task.create(PROJECT, "reaction")
    task.set_parameters({"General/cause": "", "General/kind": ""})
    state["base"] = task.id
    # Something of each kind that is there before anybody watches: it must cause nothing.
    before = Task.create(WATCHED, "before")
    before.mark_started()
    before.mark_failed()
    data = Dataset.create(dataset_name="set", dataset_project=WATCHED)
    data.upload(show_progress=False)
    data.finalize()
    APIClient().queues.create(name=QUEUE)


def part_watch(state):
    scheduler = TriggerScheduler(
        pooling_frequency_minutes=0.005,
        sync_frequency_minutes=60,
        force_create_task_project=PROJECT,
        force_create_task_name="watcher",
    )
    called = []

    def reaction(kind, item):
        return {
            "name": kind,
            "schedule_task_id": state["base"],
            "schedule_queue": QUEUE,
            "task_parameters": {"General/cause": f"${{{item}.id}}", "General/kind": kind},
            "trigger_project": WATCHED,
            "target_project": PROJECT,
        }

    scheduler.add_task_trigger(**reaction("failed", "task"), trigger_on_status=["failed"])
    scheduler.add_task_trigger(**reaction("tagged", "task"), trigger_on_tags=["look at me"])
    scheduler.add_task_trigger(
        **reaction("good", "task"),
        trigger_on_metric="accuracy",
        trigger_on_variant="top1",
        trigger_on_threshold=0.9,
        trigger_on_sign="max",
    )
    scheduler.add_model_trigger(**reaction("published", "model"), trigger_on_publish=True)
    scheduler.add_dataset_trigger(**reaction("data", "dataset"))
    scheduler.add_task_trigger(
        name="function", schedule_function=called.append, trigger_project=WATCHED, trigger_name="^failing$"
    )
    threading.Thread(target=scheduler.start, daemon=True).start()
    # It tells what is new from when it first looked.
    wait_for(lambda: all(trigger.last_update for trigger in scheduler.get_triggers()))
    state["causes"] = causes = events()
    wait_for(lambda: len(queued()) == len(causes) and called)
    state["called"] = called


def events():
    """What people and programs do while the scheduler watches; the cause by the kind of reaction."""
    failing = Task.create(WATCHED, "failing")
    failing.mark_started()
    failing.mark_failed(status_reason="out of memory")
    tagged = Task.create(WATCHED, "tagged")
    tagged.add_tags(["look at me"])
    causes = {"failed": failing.id, "tagged": tagged.id}
    for name, accuracy in (("bad", 0.5), ("good", 0.95)):
        task = Task.create(WATCHED, name)
        task.mark_started()
        task.get_logger().report_scalar("accuracy", "top1", accuracy, 1)
        task.flush(wait_for_uploads=True)
        task.mark_completed()
        causes["good"] = task.id
    owner = Task.create(WATCHED, "owner")
    owner.mark_started()
    for name in ("draft", "published"):
        model = OutputModel(task=owner, name=name)
        model.update_weights(register_uri=f"https://models.example/{name}.pt")
        causes["published"] = model.id
    model.publish()
    data = Dataset.create(dataset_name="set", dataset_project=WATCHED)
    data.upload(show_progress=False)
    data.finalize()
    causes["data"] = data.id
    return causes


def queued():
    return APIClient().queues.get_all(name=f"^{QUEUE}$")[0].entries


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not happen within {seconds} s; in the queue: {queued()}"
        time.sleep(0.2)


def part_clock(state):
    """A task that is started at once and then every month."""
    scheduler = TaskScheduler(
        sync_frequency_minutes=60, force_create_task_project=PROJECT, force_create_task_name="clock"
    )
    before = len(queued())
    assert scheduler.add_task(
        schedule_task_id=state["base"],
        queue=QUEUE,
        name="monthly",
        month=1,
        day=1,
        hour=3,
        minute=30,
        execute_immediately=True,
        task_parameters={"General/kind": "clock"},
    )
    threading.Thread(target=scheduler.start, daemon=True).start()
    wait_for(lambda: len(queued()) == before + 1)


def check(state):
    entries = [Task.get_task(task_id=entry.task) for entry in queued()]
    reactions = {}
    for task in entries:
        assert task.get_status() == "queued" and task.parent == state["base"], (task.name, task.parent)
        parameters = task.get_parameters()
        reactions[parameters["General/kind"]] = parameters["General/cause"]
    assert len(reactions) == len(entries), "nothing was caused twice"
    assert reactions == {**state["causes"], "clock": ""}, reactions
    assert state["called"] == [state["causes"]["failed"]], state["called"]
    assert all(task.get_project_name() == PROJECT for task in entries)
    for name, sections in (("watcher", ("tasks", "models", "datasets")), ("clock", ("schedule",))):
        task = Task.get_task(project_name=PROJECT, task_name=name)
        assert task.task_type == Task.TaskTypes.service, task.task_type
        for section in sections:
            jobs = json.loads(task.get_configuration_object(section))
            assert {job["base_task_id"] for job in jobs} <= {state["base"], None} and jobs, jobs
        assert "state" in task.artifacts, "a scheduler that is started again goes on from here"
