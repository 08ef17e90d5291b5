"""Datasets: versions with parents in hidden projects, files added, changed and removed, squashed, found, deleted."""

from pathlib import Path

import numpy as np
import requests
from clearml import Dataset, StorageManager, Task
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/data"
NAME = "birds"
FIRST = {"one.txt": b"one", "sub/zwei ü.bin": bytes(range(256)) * 40, "leaves.csv": b"a,b\n1,2\n"}
SECOND = {"one.txt": b"one, changed", "sub/zwei ü.bin": FIRST["sub/zwei ü.bin"], "three.txt": b"three"}
PICTURE = b"\x89PNG\r\n not a real one"


def write(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(folder)


def content(folder):
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def run(state):
    first = Dataset.create(
        dataset_name=NAME, dataset_project=PROJECT, dataset_tags=["raw"], description="birds as they were"
    )
    assert first.add_files(write(state.file("first"), FIRST)) == len(FIRST)
    first.set_metadata({"source": "the garden", "count": 3}, metadata_name="facts", ui_visible=False)
    first.get_logger().report_histogram("sizes", "files", values=np.array([3, 10240, 8]))
    first.upload(show_progress=False)
    assert first.finalize()

    second = Dataset.create(
        dataset_name=NAME, dataset_project=PROJECT, dataset_tags=["clean"], parent_datasets=[first.id]
    )
    removed, added, modified = 1, 1, 1
    counts = second.sync_folder(write(state.file("second"), SECOND), verbose=False)
    assert counts == (removed, added, modified), counts
    second.upload(show_progress=False, chunk_size=1)
    assert second.finalize()

    draft = Dataset.create(dataset_name="nests", dataset_project=PROJECT, dataset_version="7.1.0-rc")
    state.file("picture.png").write_bytes(PICTURE)
    files = Task._get_default_session().get_files_server_host()
    state["link"] = StorageManager.upload_file(str(state.file("picture.png")), f"{files}/outside/picture.png")
    assert draft.add_external_files(state["link"], dataset_path="pictures", verbose=False) == 1
    draft.upload(show_progress=False)
    state.update(first=first.id, second=second.id, draft=draft.id)


def check(state):
    versions(state)
    found(state)
    state.part("datasets", "consumed")
    squashed(state)
    deleted(state)


def versions(state):
    first, second = (Dataset.get(dataset_id=state[name]) for name in ("first", "second"))
    assert (first.project, first.name, first.version) == (PROJECT, NAME, "1.0.0"), (first.project, first.version)
    assert (second.version, second.tags) == ("1.0.1", ["clean"]), (second.version, second.tags)
    assert first.is_final() and second.is_final()
    assert content(first.get_local_copy()) == FIRST
    assert content(second.get_local_copy()) == SECOND
    assert sorted(second.list_files()) == sorted(SECOND), second.list_files()
    assert second.list_added_files() == ["three.txt"], second.list_added_files()
    assert second.list_modified_files() == ["one.txt"], second.list_modified_files()
    assert second.list_removed_files() == ["leaves.csv"], second.list_removed_files()
    assert second.get_dependency_graph() == {state["second"]: [state["first"]], state["first"]: []}
    assert second.verify_dataset_hash() == []
    assert first.get_metadata("facts") == {"source": "the garden", "count": 3}
    copy = state.file("writable")
    assert content(second.get_mutable_local_copy(str(copy))) == SECOND

    task = Task.get_task(task_id=state["second"])
    assert task.get_status() == "completed" and task.task_type == Task.TaskTypes.data_processing, task.task_type
    runtime = task.data.runtime
    assert runtime["version"] == "1.0.1" and runtime["ds_file_count"] == len(SECOND), runtime
    assert runtime["ds_total_size"] == sum(map(len, SECOND.values())), runtime
    assert (runtime["ds_change_add"], runtime["ds_change_remove"], runtime["ds_change_modify"]) == (1, 1, 1), runtime
    assert state["first"] in task.get_configuration_object("Dataset Struct")
    assert Task.get_task(task_id=state["first"]).comment == "birds as they were"


def found(state):
    def get(**query):
        return Dataset.get(**query).id

    assert get(dataset_project=PROJECT, dataset_name=NAME) == state["second"]
    assert get(dataset_project=PROJECT, dataset_name=NAME, dataset_version="1.0.0") == state["first"]
    assert get(dataset_project=PROJECT, dataset_name=NAME, dataset_tags=["raw"]) == state["first"]
    assert get(dataset_tags=["raw"]) == state["first"]
    assert get(dataset_project=PROJECT, dataset_name="nests", dataset_version="7.1.0-rc") == state["draft"]
    try:
        unfinished = get(dataset_project=PROJECT, dataset_name="nests", only_completed=True)
        raise AssertionError(f"a dataset that is not finished was found as completed: {unfinished}")
    except ValueError:
        pass

    def listed(**query):
        return {(row["name"], row["version"], row["project"]) for row in Dataset.list_datasets(**query)}

    done = {(NAME, "1.0.0", PROJECT), (NAME, "1.0.1", PROJECT)}
    assert listed(dataset_project=PROJECT) == done, listed(dataset_project=PROJECT)
    assert listed() == done, listed()
    assert listed(dataset_project="yard") == done and listed(dataset_project="yar") == set()
    assert listed(dataset_project="yard", recursive_project_search=False) == set()
    assert listed(only_completed=False) == done | {("nests", "7.1.0-rc", PROJECT)}, listed(only_completed=False)
    assert listed(tags=["clean"]) == {(NAME, "1.0.1", PROJECT)}
    assert listed(partial_name="bir") == done and listed(partial_name="fish") == set()
    assert listed(ids=[state["first"]]) == {(NAME, "1.0.0", PROJECT)}
    draft = Dataset.get(dataset_id=state["draft"])
    link = draft.link_entries_dict["pictures/picture.png"]
    assert (link.link, link.size) == (state["link"], len(PICTURE)), link.as_dict()
    assert Path(StorageManager.get_local_copy(link.link)).read_bytes() == PICTURE

    # The layout of projects: hidden ones, as the pages of datasets look for them.
    client = APIClient()
    rows = client.projects.get_all(name="/\\.datasets", search_hidden=True, only_fields=["name", "system_tags"])
    tags = {row.name: sorted(row.system_tags) for row in rows}
    assert tags == {
        f"{PROJECT}/.datasets": ["hidden"],
        f"{PROJECT}/.datasets/{NAME}": ["dataset", "hidden"],
        f"{PROJECT}/.datasets/nests": ["dataset", "hidden"],
    }, tags
    assert {row.name for row in client.projects.get_all(only_fields=["name"])} >= {"yard", PROJECT}
    assert not any("/.datasets" in row.name for row in client.projects.get_all(only_fields=["name"]))
    assert Task.query_tasks(project_name=PROJECT) == []


def part_consumed(state):
    """A training run that names the dataset it uses."""
    task = Task.init("yard/training", "consumer", reuse_last_task_id=False, auto_resource_monitoring=False)
    dataset = Dataset.get(dataset_project=PROJECT, dataset_name=NAME, alias="train")
    assert dataset.id == state["second"]
    newer = Dataset.get(dataset_id=state["second"], writable_copy=True, silence_alias_warnings=True)
    newer.remove_files("three.txt")
    newer.upload(show_progress=False)
    assert newer.finalize()
    state["newer"] = newer.id
    task.close()
    again = Task.get_task(task_id=task.id)
    assert again.get_parameters()["Datasets/train"] == state["second"], again.get_parameters()
    runtime = again.data.runtime
    assert {state["second"], newer.id} <= set(runtime["datasets"]), runtime
    assert runtime[f"orig_datasets.{NAME}/1.0.1"] == state["second"], runtime


def squashed(state):
    newer = Dataset.get(dataset_project=PROJECT, dataset_name=NAME)
    assert newer.id == state["newer"] and newer.version == "1.0.2", newer.version
    remaining = {name: data for name, data in SECOND.items() if name != "three.txt"}
    one = Dataset.squash("squashed", dataset_ids=[state["newer"]])
    again = Dataset.get(dataset_project=PROJECT, dataset_name="squashed")
    assert again.id == one.id and again.get_dependency_graph() == {again.id: []}
    assert content(again.get_local_copy()) == remaining
    both = Dataset.squash("both", dataset_ids=[state["first"], state["second"]])
    assert content(both.get_local_copy()) == {**FIRST, **SECOND}
    state["squashed"] = one.id


def deleted(state):
    data = [a.url for a in Task.get_task(task_id=state["squashed"]).artifacts.values()]
    assert data and all(requests.head(url, headers=authorization()).status_code == 200 for url in data), data
    Dataset.delete(dataset_project=PROJECT, dataset_name="squashed")
    try:
        Dataset.get(dataset_id=state["squashed"])
        raise AssertionError("a deleted dataset was found")
    except ValueError:
        pass
    # The content of other versions is still there.
    assert content(Dataset.get(dataset_id=state["second"]).get_local_copy()) == SECOND
    assert all(requests.head(url, headers=authorization()).status_code == 404 for url in data), data

    # The SDK renames the project alone and looks for tasks by name: found by its new name is only a new version.
    Dataset.rename(new_dataset_name="finches", dataset_project=PROJECT, dataset_name=NAME)
    renamed = Task.get_task(task_id=state["second"]).get_project_name()
    assert renamed == f"{PROJECT}/.datasets/finches", renamed
    Dataset.rename(new_dataset_name=NAME, dataset_project=PROJECT, dataset_name="finches")

    Dataset.move_to_project(new_dataset_project="yard/elsewhere", dataset_project=PROJECT, dataset_name=NAME)
    moved = Dataset.get(dataset_project="yard/elsewhere", dataset_name=NAME, dataset_version="1.0.0")
    assert moved.id == state["first"] and moved.project == "yard/elsewhere", moved.project

    # All versions of a dataset at once.
    Dataset.delete(dataset_project="yard/elsewhere", dataset_name=NAME, entire_dataset=True, force=True)
    left = {row["name"] for row in Dataset.list_datasets(only_completed=False)}
    assert left == {"nests", "both"}, left


def authorization():
    return {"Authorization": f"Bearer {Task._get_default_session().token}"}
