"""Datasets: versions with parents, chunks on the file server, copies, squashing, lookup, deletion."""

import hashlib
from pathlib import Path

from clearml import Dataset, Task

from .api import call

PROJECT = "yard/datasets"
NAME = "line 3 (scratches)"


def write(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def content(folder):
    """Relative path to digest of every file below a folder."""
    root = Path(folder)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def digests(files):
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


FIRST = {f"images/{n:02d}.png": bytes([n]) * (4000 + n) for n in range(12)} | {"labels.csv": b"a,b\n1,2\n"}
# One file changed, one added, one removed.
SECOND = {**FIRST, "labels.csv": b"a,b\n1,2\n3,4\n", "extra/note.txt": b"new"}
del SECOND["images/03.png"]


def run(state):
    for part in ("first", "second", "squashed"):
        state.part("datasets", part)


def part_first(state):
    source = state.file("first")
    write(source, FIRST)
    dataset = Dataset.create(
        dataset_name=NAME, dataset_project=PROJECT, dataset_version="1.0", dataset_tags=["raw"], description="as shot"
    )
    assert dataset.add_files(path=str(source)) == len(FIRST)
    dataset.set_metadata({"lamp": "left", "exposure": 12})
    dataset.get_logger().report_single_value("files", len(FIRST))
    dataset.upload(show_progress=False, chunk_size=1)
    assert dataset.finalize()
    assert dataset.is_final()
    state["first"] = dataset.id


def part_second(state):
    source = state.file("second")
    write(source, SECOND)
    child = Dataset.create(
        dataset_name=NAME, dataset_project=PROJECT, dataset_version="1.1", parent_datasets=[state["first"]]
    )
    removed, added, modified = child.sync_folder(local_path=str(source), verbose=False)[:3]
    assert (removed, added) == (1, 1) and modified == 1, (removed, added, modified)
    child.upload(show_progress=False)
    assert child.finalize()
    state["second"] = child.id


def part_squashed(state):
    squashed = Dataset.squash(dataset_name=f"{NAME} squashed", dataset_ids=[state["first"], state["second"]])
    state["squashed"] = squashed.id


def check(state):
    first, second = Dataset.get(dataset_id=state["first"]), Dataset.get(dataset_id=state["second"])
    assert first.is_final() and second.is_final()
    assert content(first.get_local_copy()) == digests(FIRST)
    assert content(second.get_local_copy()) == digests(SECOND)
    assert sorted(second.list_files()) == sorted(SECOND)
    assert second.list_removed_files() == ["images/03.png"]
    assert set(second.list_modified_files()) == {"labels.csv"} and set(second.list_added_files()) == {"extra/note.txt"}
    assert list(second.get_dependency_graph()[second.id]) == [first.id]
    assert first.get_metadata() == {"lamp": "left", "exposure": 12}
    mutable = second.get_mutable_local_copy(str(state.file("mutable")))
    assert content(mutable) == digests(SECOND)
    assert second.verify_dataset_hash() == []

    squashed = Dataset.get(dataset_id=state["squashed"])
    # A squash lays the versions over each other: a file that only the first has stays.
    assert content(squashed.get_local_copy()) == digests({**FIRST, **SECOND})

    # By name the newest version, by version that one.
    assert Dataset.get(dataset_project=PROJECT, dataset_name=NAME).id == second.id
    assert Dataset.get(dataset_project=PROJECT, dataset_name=NAME, dataset_version="1.0").id == first.id
    assert Dataset.get(dataset_project=PROJECT, dataset_name=NAME, dataset_tags=["raw"]).id == first.id
    # Whoever uses one leaves a trace.
    listed = {entry["id"]: entry for entry in Dataset.list_datasets(dataset_project=PROJECT, only_completed=True)}
    assert set(listed) >= {first.id, second.id}, listed
    assert listed[second.id]["version"] == "1.1" and listed[first.id]["tags"] == ["raw"]
    assert {entry["id"] for entry in Dataset.list_datasets(partial_name="scratches", tags=["raw"])} == {first.id}

    # Where people look, datasets are not in the way; where the pages look, they are with their sizes.
    hidden = f"{PROJECT}/.datasets/{NAME}"
    assert hidden not in {project["name"] for project in call("projects.get_all", name="datasets")["projects"]}
    listed = call(
        "projects.get_all_ex",
        name="/\\.datasets/",
        system_tags=["dataset"],
        search_hidden=True,
        include_dataset_stats=True,
    )["projects"]
    [row] = [row for row in listed if row["name"] == hidden]
    sizes = sum(len(content) for content in SECOND.values())
    assert row["dataset_stats"] == {"file_count": len(SECOND), "total_size": sizes}, row
    assert "dataset" in Task.get_task(task_id=first.id).get_system_tags()

    uris = [artifact.url for artifact in Task.get_task(task_id=second.id).artifacts.values()]
    assert uris
    Dataset.delete(dataset_id=squashed.id)
    Dataset.delete(dataset_id=second.id)
    remaining = {entry["id"] for entry in Dataset.list_datasets(dataset_project=PROJECT)}
    assert remaining == {first.id}, remaining
    from clearml.storage.helper import StorageHelper

    for uri in uris:
        assert not StorageHelper.get(uri).exists_file(uri), f"{uri} is still there"
