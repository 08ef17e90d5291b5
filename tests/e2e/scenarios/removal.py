"""Deleting tasks with all that they stored, one by one and as a cleaning service does it for old archived ones."""

import datetime

import numpy as np
import requests
from clearml import InputModel, Model, OutputModel, Task
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/removal"


def run(state):
    for name in ("single", "shared", "old", "young", "kept"):
        state.part("removal", name)


def train(state, name):
    """A task with an artifact, a model and a debug sample, all on the file server."""
    task = Task.init(
        PROJECT, name, reuse_last_task_id=False, output_uri=True, auto_resource_monitoring=False
    )
    task.upload_artifact("facts", {"of": name}, wait_on_upload=True)
    weights = state.file(f"{name}.bin")
    weights.write_bytes(name.encode() * 50)
    model = OutputModel(task=task, name=f"{name} weights", framework="Custom")
    model.update_weights(weights_filename=str(weights), auto_delete_file=False)
    model.wait_for_uploads()
    task.get_logger().report_image("images", "noise", iteration=0, image=np.full((8, 8, 3), 7, dtype=np.uint8))
    task.get_logger().report_scalar("m", "v", 1.0, 0)
    task.flush(wait_for_uploads=True)
    state[name] = {
        "task": task.id,
        "model": model.id,
        "urls": [task.artifacts["facts"].url, Model(model_id=model.id).url],
    }
    task.close()
    samples = Task.get_task(task_id=task.id).get_debug_samples("images", "noise")
    state[name]["urls"] += [sample["url"] for sample in samples]
    assert len(set(state[name]["urls"])) == 3, state[name]


def part_single(state):
    train(state, "single")


def part_shared(state):
    train(state, "shared")
    user = Task.create(PROJECT, "user of the shared model")
    user.set_input_model(model_id=state["shared"]["model"])
    state["user"] = user.id


def part_old(state):
    train(state, "old")
    Task.get_task(task_id=state["old"]["task"]).set_archived(True)
    state["limit"] = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None).isoformat()


def part_young(state):
    """Archived, but after the date up to which the service deletes."""
    train(state, "young")
    Task.get_task(task_id=state["young"]["task"]).set_archived(True)


def part_kept(state):
    train(state, "kept")


def served(urls):
    headers = {"Authorization": f"Bearer {Task._get_default_session().token}"}
    return [requests.get(url, headers=headers, timeout=30).status_code for url in urls]


def check(state):
    names = ("single", "shared", "old", "young", "kept")
    for name in names:
        assert served(state[name]["urls"]) == [200, 200, 200], (name, state[name])

    def existing():
        ids = {state[name]["task"]: name for name in names}
        return {ids[task] for task in Task.query_tasks(task_filter={"id": list(ids)})}

    def models():
        ids = {state[name]["model"]: name for name in names}
        found = APIClient().models.get_all(id=list(ids), only_fields=["id"])
        return {ids[model.id] for model in found}

    assert existing() == models() == set(names)

    assert Task.get_task(task_id=state["single"]["task"]).delete(raise_on_error=True)
    assert served(state["single"]["urls"]) == [404, 404, 404]
    assert existing() == models() == set(names) - {"single"}

    # Another task reads the model: the model and its file stay, which the SDK logs as an error; everything else goes.
    assert Task.get_task(task_id=state["shared"]["task"]).delete()
    assert served(state["shared"]["urls"]) == [404, 200, 404], served(state["shared"]["urls"])
    assert existing() == set(names) - {"single", "shared"} and models() == set(names) - {"single"}
    user = Task.get_task(task_id=state["user"])
    assert [model.id for model in user.models["input"]] == [state["shared"]["model"]]
    with open(InputModel(model_id=state["shared"]["model"]).get_local_copy(), "rb") as file:
        assert file.read() == b"shared" * 50

    # The service: archived tasks whose status changed before a date.
    client = APIClient()
    archived = client.tasks.get_all(
        system_tags=["archived"],
        only_fields=["id"],
        order_by=["-last_update"],
        page_size=100,
        page=0,
        status_changed=[f"<{state['limit']}"],
    )
    assert [task.id for task in archived] == [state["old"]["task"]], archived
    by_update = client.tasks.get_all(
        system_tags=["archived"], only_fields=["id"], last_update=[f"<{state['limit']}"], _allow_extra_fields_=True
    )
    assert [task.id for task in by_update] == [state["old"]["task"]], by_update
    for task in archived:
        assert Task.get_task(task_id=task.id).delete(
            delete_artifacts_and_models=True, skip_models_used_by_other_tasks=True, raise_on_error=True
        )
    assert served(state["old"]["urls"]) == [404, 404, 404]
    assert existing() == {"young", "kept"}

    # Without its artifacts: the task and the model go, their files stay; only the debug sample's goes.
    assert Task.get_task(task_id=state["young"]["task"]).delete(delete_artifacts_and_models=False)
    assert served(state["young"]["urls"]) == [200, 200, 404], served(state["young"]["urls"])
    assert existing() == {"kept"} and models() == {"shared", "kept"}, models()

    assert served(state["kept"]["urls"]) == [200, 200, 200]
    kept = Task.get_task(task_id=state["kept"]["task"])
    assert kept.artifacts["facts"].get() == {"of": "kept"} and kept.get_reported_scalars()["m"]["v"]["y"] == [1.0]
    assert Model.remove(state["kept"]["model"], raise_on_errors=True)
    assert served(state["kept"]["urls"]) == [200, 404, 200]
    assert list(Task.get_task(task_id=kept.id).models["output"]) == []

    # A model that a task reads goes by force only.
    try:
        Model.remove(state["shared"]["model"], raise_on_errors=True)
        raise AssertionError("a model that a task reads was removed without force")
    except ValueError:
        pass
    assert served(state["shared"]["urls"]) == [404, 200, 404]
    assert Model.remove(state["shared"]["model"], force=True, raise_on_errors=True)
    assert served(state["shared"]["urls"]) == [404, 404, 404]
    assert models() == set(), models()
