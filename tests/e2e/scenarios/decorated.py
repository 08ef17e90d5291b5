"""A pipeline of decorated functions: the controller as a local process, each component as a process of its own."""

from clearml import PipelineDecorator, Task

PROJECT = "yard/decorated"


@PipelineDecorator.component(return_values=["words"], cache=True, task_type=Task.TaskTypes.data_processing)
def split(text):
    return text.split()


@PipelineDecorator.component(return_values=["longest", "lengths"], task_type=Task.TaskTypes.training)
def measure(words):
    from clearml import Logger

    lengths = {word: len(word) for word in words}
    for index, length in enumerate(lengths.values()):
        Logger.current_logger().report_scalar("length", "word", length, index)
    return max(words, key=len), lengths


@PipelineDecorator.pipeline(name="words", project=PROJECT, version="0.3", pool_frequency=0.01)
def words(text="the roundhouse houses engines"):
    parts = split(text)
    longest, lengths = measure(parts)
    PipelineDecorator.upload_artifact("lengths", dict(lengths))
    return f"{longest} of {len(lengths)}"


def run(state):
    state.part("decorated", "first")
    state.part("decorated", "second")


def execute(state, name, text):
    PipelineDecorator.run_locally()
    answer = words(text=text)
    assert answer == "roundhouse of 4", answer
    pipeline = PipelineDecorator.get_current_pipeline()
    state[name] = {
        "id": pipeline.id,
        "steps": {node.name: node.executed or node.job.task_id() for node in pipeline._nodes.values()},
    }
    state.save()


def part_first(state):
    execute(state, "first", "the roundhouse houses engines")


def part_second(state):
    """Nothing changed: the component that may be reused is not run again."""
    execute(state, "second", "the roundhouse houses engines")


def check(state):
    first, second = state["first"], state["second"]
    assert first["steps"].keys() == {"split", "measure"}, first
    assert first["steps"]["split"] == second["steps"]["split"], (first, second)
    assert first["steps"]["measure"] != second["steps"]["measure"]
    for number, run in ((1, first), (2, second)):
        controller = Task.get_task(task_id=run["id"])
        assert controller.get_status() == "completed", controller.get_status()
        assert controller.name == ("words" if number == 1 else "words #2"), controller.name
        assert controller.get_project_name() == f"{PROJECT}/.pipelines/words"
        assert controller.get_parameters()["Args/text"] == "the roundhouse houses engines"
        assert controller.data.runtime["version"] == "0.3"
        assert controller.artifacts["lengths"].get() == {"the": 3, "roundhouse": 10, "houses": 6, "engines": 7}
        measured = Task.get_task(task_id=run["steps"]["measure"])
        assert measured.parent == run["id"] and measured.task_type == Task.TaskTypes.training
        assert measured.get_parameters()["return/longest"] == "roundhouse", measured.get_parameters()
        assert measured.get_reported_scalars()["length"]["word"]["y"] == [3.0, 10.0, 6.0, 7.0]
        graph = controller.get_configuration_object_as_dict("Pipeline")
        assert graph["measure"]["parents"] == ["split"], graph
    shared = Task.get_task(task_id=first["steps"]["split"])
    assert shared.artifacts["words"].get() == ["the", "roundhouse", "houses", "engines"]
    assert shared.parent == first["id"] and shared.task_type == Task.TaskTypes.data_processing
    assert PipelineDecorator.get(pipeline_project=PROJECT, pipeline_name="words").id == second["id"]
