"""Models: registered by the framework's own save call, by hand, found again, loaded, published, with metadata."""

import joblib
import numpy as np
from clearml import InputModel, Model, OutputModel, Task
from sklearn.linear_model import LinearRegression

PROJECT = "yard/models"


def fitted():
    x = np.arange(20, dtype=float).reshape(10, 2)
    return LinearRegression().fit(x, x @ np.array([2.0, -1.0]) + 5)


def run(state):
    state.part("models", "first")
    state.part("models", "second")


def part_first(state):
    task = Task.init(
        PROJECT, "training", reuse_last_task_id=False, output_uri=True, auto_resource_monitoring=False
    )
    # The hook of joblib registers and uploads what scikit-learn's users save.
    joblib.dump(fitted(), state.file("regression.pkl"))

    output = OutputModel(
        task=task,
        name="by hand",
        tags=["good", "v1"],
        config_dict={"layers": [1, 2]},
        label_enumeration={"cat": 1, "dog": 2},
        framework="ScikitLearn",
        comment="made by hand",
    )
    state.file("weights.bin").write_bytes(b"weights" * 1000)
    output.update_weights(weights_filename=str(state.file("weights.bin")), iteration=3)
    assert output.set_metadata("accuracy", "0.75", "float")
    assert output.set_metadata("a.b", "dotted", "str")
    output.report_single_value("f1", 0.5)
    output.report_scalar("val", "loss", 0.25, 1)
    output.wait_for_uploads()
    task.flush(wait_for_uploads=True)
    state["task"] = task.id
    state["by_hand"] = output.id
    task.close()


def part_second(state):
    """Another task uses the model."""
    task = Task.init(PROJECT, "inference", reuse_last_task_id=False, auto_resource_monitoring=False)
    model = InputModel(model_id=state["by_hand"])
    task.connect(model)
    imported = InputModel.import_model(
        weights_url="https://models.example/net.onnx", name="imported", framework="ONNX", tags=["outside"]
    )
    state["second"] = task.id
    state["imported"] = imported.id
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    outputs = {model.name: model for model in task.models["output"]}
    saved = next(model for name, model in outputs.items() if "by hand" not in name)
    loaded = joblib.load(saved.get_local_copy())
    assert np.allclose(loaded.coef_, [2.0, -1.0]) and np.isclose(loaded.intercept_, 5), (loaded.coef_, loaded)
    assert "scikit" in saved.framework.lower() or "joblib" in saved.framework.lower(), saved.framework
    assert saved.task == task.id

    model = Model(model_id=state["by_hand"])
    assert model.name.endswith("by hand") and sorted(model.tags) == ["good", "v1"], (model.name, model.tags)
    assert model.config_dict == {"layers": [1, 2]}, model.config_dict
    assert model.labels == {"cat": 1, "dog": 2}, model.labels
    with open(model.get_local_copy(), "rb") as file:
        assert file.read() == b"weights" * 1000
    assert model.get_metadata("accuracy") == "0.75"
    assert model.get_metadata_casted("accuracy") == 0.75
    assert model.get_metadata("a.b") == "dotted", model.get_all_metadata()
    assert not model.published

    def found(**query):
        return {found.id for found in Model.query_models(**query)}

    assert state["by_hand"] in found(project_name=PROJECT)
    assert found(tags=["good"]) == {state["by_hand"]}
    assert found(tags=["__$all", "good", "v1"]) == {state["by_hand"]}
    assert found(tags=["good", "-v1"]) == set()
    assert found(metadata={"accuracy": "0.75"}) == {state["by_hand"]}
    assert found(model_name="imported") == {state["imported"]}
    assert found(project_name=PROJECT, only_published=True) == set()

    second = Task.get_task(task_id=state["second"])
    assert state["by_hand"] in {model.id for model in second.models["input"]}
    imported = Model(model_id=state["imported"])
    assert imported.url == "https://models.example/net.onnx" and imported.tags == ["outside"]

    model.publish()
    assert Model(model_id=state["by_hand"]).published
    assert found(project_name=PROJECT, only_published=True) == {state["by_hand"]}
    assert Model.remove(state["imported"], delete_weights_file=False)
    assert found(model_name="imported") == set()
