"""The model registry: packages of several weight files, metadata, archiving, queries with every filter."""

from pathlib import Path

from clearml import InputModel, Model, OutputModel, Task

PROJECT = "yard/registry"
LABELS = {"background": 0, "train": 1}


def run(state):
    task = Task.init(
        PROJECT, "producer", reuse_last_task_id=False, output_uri=True, auto_resource_monitoring=False
    )
    folder = state.file("package")
    (folder / "inner").mkdir(parents=True)
    (folder / "config.json").write_text('{"layers": 2}')
    (folder / "inner" / "weights.bin").write_bytes(bytes(range(256)))
    package = OutputModel(task=task, name="package", framework="Keras", tags=["several files"])
    package.update_weights_package(weights_path=str(folder), auto_delete_file=False, iteration=4)
    state["package"] = package.id

    ids = []
    for number in range(3):
        weights = state.file(f"weights-{number}.pt")
        weights.write_bytes(bytes([number]) * 1000)
        model = OutputModel(task=task, name=f"stage {number}", framework="PyTorch", tags=["stage", f"no{number}"])
        # Not in the background: the end of an upload writes the whole model, with the labels of when it began.
        model.update_weights(
            weights_filename=str(weights), auto_delete_file=False, iteration=number, async_enable=False
        )
        model.update_labels(LABELS)
        model.update_design(config_dict={"depth": number})
        model.set_all_metadata(
            {
                "stage": {"type": "int", "value": str(number)},
                "even": {"type": "str", "value": str(number % 2 == 0)},
            }
        )
        ids.append(model.id)
    package.wait_for_uploads()
    task.flush(wait_for_uploads=True)
    state["ids"] = ids
    state["task"] = task.id
    task.close()


def check(state):
    ids = state["ids"]

    def found(**query):
        return [model.id for model in Model.query_models(**query)]

    def numbers(**query):
        return [ids.index(model) for model in found(**query) if model in ids]

    assert sorted(numbers(project_name=PROJECT)) == [0, 1, 2]
    assert numbers(project_name=PROJECT, tags=["stage"]) == [2, 1, 0], "the newest first"
    assert numbers(tags=["stage"], max_results=2) == [2, 1]
    assert numbers(tags=["__$all", "stage", "__$not", "no1"]) == [2, 0]
    assert numbers(tags=["__$any", "no0", "no1"]) == [1, 0]
    assert numbers(metadata={"even": "True"}) == [2, 0]
    assert numbers(metadata={"even": "True", "stage": "2"}) == [2]
    assert numbers(metadata={"stage": "7"}) == []
    names = {model: Model(model_id=model).name for model in ids}
    assert found(model_name=names[ids[1]]) == [ids[1]], names
    assert found(model_name="stage") == [], "names are compared whole"

    for number, model_id in enumerate(ids):
        model = InputModel(model_id=model_id)
        with open(model.get_local_copy(), "rb") as file:
            assert file.read() == bytes([number]) * 1000
        assert model.labels == LABELS and model.config_dict == {"depth": number}, (model.labels, model.config_dict)
        assert model.get_all_metadata_casted()["stage"] == number, model.get_all_metadata()
        assert model.framework == "PyTorch" and model.task == state["task"]
        assert model.project == Task.get_project_id(PROJECT), model.project
    local = Path(Model(model_id=state["package"]).get_local_copy(extract_archive=True))
    files = {str(path.relative_to(local)): path.read_bytes() for path in local.rglob("*") if path.is_file()}
    assert files == {"config.json": b'{"layers": 2}', "inner/weights.bin": bytes(range(256))}, files.keys()

    task = Task.get_task(task_id=state["task"])
    outputs = [model.id for model in task.models["output"]]
    assert sorted(outputs) == sorted([state["package"], *ids]), outputs
    assert task.models["output"][-1].id == ids[2]
    assert task.get_last_iteration() == 4, task.get_last_iteration()

    first = Model(model_id=ids[0])
    first.tags = ["stage", "chosen"]
    first.comment = "the first"
    first.set_metadata("note", "ünïcode", "str")
    assert first.set_all_metadata({"only": {"type": "float", "value": "0.5"}}, replace=False)
    again = Model(model_id=ids[0])
    assert sorted(again.tags) == ["chosen", "stage"] and again.comment == "the first"
    assert set(again.get_all_metadata()) == {"stage", "even", "note", "only"}, again.get_all_metadata()
    assert again.get_metadata("note") == "ünïcode" and again.get_metadata_casted("only") == 0.5

    Model(model_id=ids[1]).archive()
    assert numbers(tags=["stage"]) == [2, 0] and numbers(tags=["stage"], include_archived=True) == [2, 1, 0]
    Model(model_id=ids[1]).unarchive()
    assert numbers(tags=["stage"]) == [2, 1, 0]
    Model(model_id=ids[2]).publish()
    assert numbers(tags=["stage"], only_published=True) == [2]
    assert Task.get_task(task_id=state["task"]).get_status() == "completed", "publishing a model leaves its task"
    # A fresh task takes the model over as its input and starts from its weights.
    state.part("registry", "consumer")
    consumer = Task.get_task(task_id=state["consumer"])
    assert [model.id for model in consumer.models["input"]] == [ids[2]]
    assert consumer.models["input"]["start"].id == ids[2], list(consumer.models["input"].keys())
    assert consumer.get_labels_enumeration() == LABELS, consumer.get_labels_enumeration()

    # What a published task made, or another one reads, is removed by force only.
    producer = Task.get_task(task_id=state["task"])
    producer.publish()
    for model_id in (ids[2], ids[0]):
        try:
            Model.remove(model_id, raise_on_errors=True)
            raise AssertionError("a model that is still needed was removed without force")
        except ValueError:
            assert Model(model_id=model_id).name == names[model_id]
    assert Model.remove(ids[2], force=True)
    assert numbers(tags=["stage"]) == [1, 0]
    consumer = Task.get_task(task_id=state["consumer"])
    assert [entry.model for entry in consumer.data.models.input] == [f"__DELETED__{ids[2]}"]


def part_consumer(state):
    task = Task.init(PROJECT, "consumer", reuse_last_task_id=False, auto_resource_monitoring=False)
    model = InputModel(name=Model(model_id=state["ids"][2]).name, project=PROJECT, only_published=True)
    assert model.id == state["ids"][2]
    task.connect(model, name="start")
    state["consumer"] = task.id
    task.close()
