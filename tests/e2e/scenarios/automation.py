"""The SDK's own automation: a schedule and triggers make copies of a task and send them to a queue."""

import threading
import time

from clearml import Model, OutputModel, Task
from clearml.automation import TaskScheduler, TriggerScheduler
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/automation"
# Minutes: as often as their loops allow.
OFTEN = 0.02
PATIENCE = 60


def run(state):
    template = Task.create(PROJECT, "template", script=str(state_script(state)), add_task_init_call=False)
    template.set_parameters({"General/size": "1"})
    state["template"] = template.id
    watched = Task.create(PROJECT, "watched", script=str(state_script(state)), add_task_init_call=False)
    state["watched"] = watched.id
    state.part("automation", "schedule")
    state.part("automation", "model")
    state.part("automation", "triggers")


def state_script(state):
    path = state.file("template.py")
    path.write_text("print('hello')\n")
    return path


def queued():
    """Ids of the tasks that wait in the queue, in order."""
    (queue,) = APIClient().queues.get_all(name="^later$")
    return [entry.task for entry in queue.entries]


def wait_for_copies(number, why):
    """Waits until as many tasks wait in the queue."""
    until = time.time() + PATIENCE
    while len(queued()) < number:
        assert time.time() < until, f"not within {PATIENCE} s: {why}"
        time.sleep(0.5)
    assert len(queued()) == number, queued()


def part_schedule(state):
    Task.init(PROJECT, "scheduler", task_type=Task.TaskTypes.service, auto_resource_monitoring=False)
    scheduler = TaskScheduler(sync_frequency_minutes=OFTEN)
    scheduler.add_task(
        schedule_task_id=state["template"],
        queue="later",
        name="now",
        minute=30,
        execute_immediately=True,
        task_parameters={"General/size": "5"},
    )
    scheduler.add_task(
        schedule_task_id=state["template"], queue="later", name="never", year=2099, month=1, day=1, recurring=False
    )
    # Its loop never returns.
    threading.Thread(target=scheduler.start, daemon=True).start()
    wait_for_copies(1, "the schedule sends a copy")


def part_model(state):
    task = Task.init(PROJECT, "trains", auto_resource_monitoring=False)
    model = OutputModel(task, name="candidate", framework="PyTorch")
    weights = state.file("weights.bin")
    weights.write_bytes(b"weights")
    model.update_weights(str(weights), auto_delete_file=False)
    state["model"] = model.id
    task.close()


def part_triggers(state):
    Task.init(PROJECT, "triggers", task_type=Task.TaskTypes.monitor, auto_resource_monitoring=False)
    triggers = TriggerScheduler(pooling_frequency_minutes=OFTEN, sync_frequency_minutes=60)
    triggers.add_model_trigger(
        schedule_task_id=state["template"],
        schedule_queue="later",
        trigger_project=PROJECT,
        trigger_on_publish=True,
        name="on publish",
        task_parameters={"General/size": "${model.id}"},
    )
    triggers.add_task_trigger(
        schedule_task_id=state["template"],
        schedule_queue="later",
        trigger_project=PROJECT,
        trigger_on_tags=["deploy"],
        name="on tag",
    )
    threading.Thread(target=triggers.start, daemon=True).start()
    # They look, and find nothing.
    time.sleep(4)
    assert len(queued()) == 1, queued()
    Model(state["model"]).publish()
    wait_for_copies(2, "a published model fires")
    Task.get_task(state["watched"]).add_tags(["deploy"])
    wait_for_copies(3, "a tag of a task fires")


def check(state):
    client = APIClient()
    (queue,) = client.queues.get_all(name="^later$")
    now, published, tagged = [Task.get_task(entry.task) for entry in queue.entries]
    for copy in (now, published, tagged):
        assert copy.get_status() == "queued" and copy.data.execution.queue == queue.id
        assert copy.id != state["template"]
        assert "hello" in copy.data.script.diff
    assert now.get_parameters()["General/size"] == "5"
    assert published.get_parameters()["General/size"] == state["model"]
    assert "on publish" in published.get_tags()
    assert tagged.get_parameters()["General/size"] == "1"
    assert Task.get_task(state["template"]).get_status() == "created"
