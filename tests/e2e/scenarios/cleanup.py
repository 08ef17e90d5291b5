"""Tidying up: queues, properties, export and import, deletion with artifacts and models, a cleanup service's sweep."""

import time

from clearml import InputModel, Model, OutputModel, StorageManager, Task
from clearml.backend_api.session.client import APIClient
from clearml.storage.helper import StorageHelper

from .api import call

PROJECT = "yard/cleanup"


def exists(uri):
    return bool(StorageHelper.get(uri).exists_file(uri))


def run(state):
    for part in ("properties", "deleted", "models", "archived"):
        state.part("cleanup", part)


def part_properties(state):
    """What may be changed while a task runs and after."""
    task = Task.init(PROJECT, "properties", reuse_last_task_id=False, auto_resource_monitoring=False)
    task.set_user_properties(backbone="resnet", **{"note": {"type": "str", "description": "free text", "value": "a.b"}})
    task.set_user_properties({"name": "batch", "value": 8, "type": "int"})
    task.add_tags(["x", "y"])
    task.close()
    task = Task.get_task(task_id=task.id)
    assert task.delete_user_properties(("properties", "batch"))
    task.set_user_properties(late=1)
    state["properties"] = task.id


def part_deleted(state):
    task = Task.init(PROJECT, "goes whole", reuse_last_task_id=False, output_uri=True, auto_resource_monitoring=False)
    task.upload_artifact("numbers", {"a": 1}, wait_on_upload=True)
    source = state.file("plain.txt")
    source.write_text("plain")
    task.upload_artifact("file", artifact_object=str(source), wait_on_upload=True)
    weights = state.file("weights.bin")
    weights.write_bytes(b"w" * 1000)
    model = OutputModel(task=task, name="draft", framework="PyTorch")
    model.update_weights(weights_filename=str(weights), auto_delete_file=False)
    model.wait_for_uploads()
    task.get_logger().report_image("sample", "s", iteration=0, local_path=None, image=sample())
    task.flush(wait_for_uploads=True)
    state["deleted"] = task.id
    state["model"] = model.id
    task.close()


def sample():
    import numpy as np

    return np.full((8, 8, 3), 200, dtype=np.uint8)


def part_models(state):
    task = Task.init(PROJECT, "models", reuse_last_task_id=False, output_uri=True, auto_resource_monitoring=False)
    ids = {}
    for name, tags, score in (("small", ["prod", "edge"], "0.5"), ("large", ["prod"], "0.9"), ("old", [], "0.1")):
        weights = state.file(f"{name}.bin")
        weights.write_bytes(name.encode() * 100)
        model = OutputModel(task=task, name=name, tags=tags, framework="PyTorch", label_enumeration={"bg": 0, name: 1})
        model.update_weights(weights_filename=str(weights), auto_delete_file=False)
        model.set_metadata("score", score, "float")
        ids[name] = model.id
    OutputModel.wait_for_uploads
    task.flush(wait_for_uploads=True)
    Model(model_id=ids["large"]).publish()
    Model(model_id=ids["old"]).archive()
    state["models"] = ids
    state["weights"] = {name: Model(model_id=model).url for name, model in ids.items()}
    task.close()


def part_archived(state):
    """Tasks that a cleanup service is to find: archived and older than a moment; and one that it is not."""
    ids = []
    for number in range(3):
        task = Task.create(project_name=f"{PROJECT}/sweep", task_name=f"old {number}")
        task.mark_started()
        task.upload_artifact("result", {"n": number}, wait_on_upload=True)
        task.mark_completed()
        task.set_archived(True)
        ids.append(task.id)
    kept = Task.create(project_name=f"{PROJECT}/sweep", task_name="in use")
    state["archived"], state["kept"] = ids, kept.id


def check(state):
    properties(state)
    deleted(state)
    models(state)
    queues(state)
    copies(state)
    swept(state)
    storage(state)


def properties(state):
    task = Task.get_task(task_id=state["properties"])
    stored = task.get_user_properties()
    assert stored["backbone"]["value"] == "resnet" and stored["late"]["value"] == "1", stored
    assert stored["note"]["value"] == "a.b" and stored["note"]["description"] == "free text", stored
    assert "batch" not in stored, stored
    found = Task.query_tasks(task_filter={"hyperparams.properties.backbone.value": ["resnet"]})
    assert found == [task.id], found
    assert task.move_to_project(new_project_name=f"{PROJECT}/moved here")
    moved = Task.get_task(task_id=task.id)
    assert moved.get_project_name() == f"{PROJECT}/moved here"
    assert Task.get_project_id(f"{PROJECT}/moved here") == moved.project
    assert Task.query_tasks(project_name=f"{PROJECT}/moved here") == [task.id]


def deleted(state):
    task = Task.get_task(task_id=state["deleted"])
    uris = [artifact.url for artifact in task.artifacts.values()]
    uris += [Model(model_id=state["model"]).url]
    uris += [event["url"] for event in call("events.debug_images", metrics=[{"task": task.id}])["metrics"][0]["iterations"][0]["events"]]
    assert len(uris) == 4 and all(exists(uri) for uri in uris), uris
    assert task.delete(delete_artifacts_and_models=True, raise_on_error=True)
    deadline = time.time() + 30
    while any(exists(uri) for uri in uris):
        assert time.time() < deadline, [uri for uri in uris if exists(uri)]
        time.sleep(0.2)
    assert Task.query_tasks(task_filter={"id": [task.id]}) == []
    assert Model.query_models(model_name="^draft$", project_name=PROJECT) == []


def models(state):
    ids = state["models"]

    def found(**query):
        return {model.id for model in Model.query_models(project_name=PROJECT, **query)}

    assert found() == {ids["small"], ids["large"]}
    assert found(include_archived=True) == set(ids.values())
    assert found(only_published=True) == {ids["large"]}
    assert found(tags=["prod", "-edge"]) == {ids["large"]}
    assert found(tags=["__$all", "prod", "edge"]) == {ids["small"]}
    assert found(metadata={"score": "0.9"}) == {ids["large"]}
    assert [model.id for model in Model.query_models(project_name=PROJECT, max_results=1)][0] in ids.values()
    small = InputModel(model_id=ids["small"])
    assert small.labels == {"bg": 0, "small": 1} and small.framework == "PyTorch"
    with open(small.get_weights(), "rb") as file:
        assert file.read() == b"small" * 100
    task = Task.get_task(project_name=PROJECT, task_name="^models$")
    assert {model.id for model in task.get_models()["output"]} == set(ids.values())
    assert Model.remove(ids["old"], delete_weights_file=True, raise_on_errors=True)
    assert not exists(state["weights"]["old"])
    assert found(include_archived=True) == {ids["small"], ids["large"]}


def queues(state):
    api = APIClient()
    queue = api.queues.create(name="to be emptied").id
    draft = Task.create(project_name=PROJECT, task_name="waits")
    assert Task.enqueue(draft, queue_name="to be emptied")
    assert Task.get_task(task_id=draft.id).get_status() == "queued"
    assert [entry.task for entry in api.queues.get_by_id(queue=queue).entries] == [draft.id]
    Task.dequeue(draft)
    assert Task.get_task(task_id=draft.id).get_status() == "created"
    assert not api.queues.get_by_id(queue=queue).entries
    clone = Task.clone(source_task=draft, name="waits too")
    Task.enqueue(clone, queue_id=queue)
    api.queues.delete(queue=queue, force=True)
    assert Task.get_task(task_id=clone.id).get_status() == "created"


def copies(state):
    """A task taken out of the server and put back is another task with the same content."""
    exported = Task.get_task(task_id=state["properties"]).export_task()
    exported["name"] = "imported"
    imported = Task.import_task(exported)
    assert imported.id != state["properties"] and imported.name == "imported"
    assert imported.get_user_properties()["backbone"]["value"] == "resnet"
    assert sorted(imported.get_tags()) == ["x", "y"]
    assert Task.get_task(task_id=imported.id).get_status() == "created"


def swept(state):
    """As the SDK's example of a cleanup service does it."""
    api = APIClient()
    query = dict(system_tags=["archived"], only_fields=["id"], order_by=["-last_update"], page_size=2, page=0)
    future = f"<{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(time.time() + 60))}"
    past = f"<{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(time.time() - 86400))}"
    project = Task.get_project_id(f"{PROJECT}/sweep")
    assert api.tasks.get_all(**query, project=[project], status_changed=[past]) == []
    uris = [Task.get_task(task_id=task).artifacts["result"].url for task in state["archived"]]
    gone = []
    while found := api.tasks.get_all(**query, project=[project], status_changed=[future]):
        for task in found:
            assert Task.get_task(task_id=task.id).delete(delete_artifacts_and_models=True, raise_on_error=True)
            gone.append(task.id)
    assert sorted(gone) == sorted(state["archived"]), gone
    assert Task.get_task(task_id=state["kept"]).name == "in use"
    deadline = time.time() + 30
    while any(exists(uri) for uri in uris):
        assert time.time() < deadline, "files of deleted tasks are still there"
        time.sleep(0.2)


def storage(state):
    """Files and folders by the SDK's own storage manager."""
    base = call("users.get_current_user")["user"]["id"]
    files = StorageHelper  # the server's own address stands in the configuration
    from clearml.backend_api import Session

    remote = f"{Session.get_files_server_host()}/storage-{base}"
    folder = state.file("folder")
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "b c+d.txt").write_text("b")
    StorageManager.upload_folder(str(folder), remote)
    for name, content in (("a.txt", "a"), ("sub/b c+d.txt", "b")):
        copy = StorageManager.get_local_copy(f"{remote}/{name}", force_download=True)
        with open(copy) as file:
            assert file.read() == content, name
    uri = StorageManager.upload_file(str(folder / "a.txt"), f"{remote}/again.txt")
    assert StorageManager.exists_file(uri) and StorageManager.get_file_size_bytes(uri) == 1
    assert files.get(uri).delete(uri)
    assert not StorageManager.exists_file(uri)
