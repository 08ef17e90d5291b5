"""Pipelines from functions and from tasks, their steps as local processes: artifacts between steps, steps reused from
an earlier run, runs numbered, the layout of projects."""

from clearml import PipelineController, Task
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/pipes"

BASE = """
from clearml import Task

task = Task.init()
settings = task.connect({"factor": 1, "source": ""})
numbers = [1, 2, 3]
if settings["source"]:
    numbers = Task.get_task(task_id=settings["source"]).artifacts["numbers"].get()
numbers = [number * int(settings["factor"]) for number in numbers]
task.get_logger().report_scalar("sum", "all", sum(numbers), 0)
task.upload_artifact("numbers", numbers, wait_on_upload=True)
"""


def generate(count):
    import numpy as np

    print("generating", count)
    return np.arange(int(count), dtype=np.int64)


def scale(data, factor):
    from clearml import Task

    scaled = data * int(factor)
    Task.current_task().get_logger().report_scalar("scaled", "total", float(scaled.sum()), 3)
    return scaled, {"total": int(scaled.sum()), "items": len(scaled)}


def run(state):
    state.part("pipelines", "functions")
    state.part("pipelines", "functions_again")
    base(state)
    state.part("pipelines", "tasks")
    state.part("pipelines", "failing")


def steps(pipe):
    """Task ids by the names of the steps."""
    return {name: node.executed for name, node in pipe.get_pipeline_dag().items()}


def functions(state, name, factor, generated):
    pipe = PipelineController("sums", PROJECT, add_pipeline_tags=True, pool_frequency=0.01)
    pipe.add_parameter("count", default=5, description="how many numbers", param_type="int")
    pipe.add_function_step(
        "generate",
        function=generate,
        function_kwargs={"count": "${pipeline.count}"},
        function_return=["data"],
        cache_executed_step=True,
    )
    pipe.add_function_step(
        "scale",
        function=scale,
        function_kwargs={"data": "${generate.data}", "factor": factor},
        function_return=["scaled", "summary"],
        parents=["generate"],
        cache_executed_step=True,
        monitor_metrics=[("scaled", "total")],
        monitor_artifacts=["summary"],
        tags=["scaling"],
    )
    pipe.start_locally(run_pipeline_steps_locally=True)
    # To the SDK a run with a step that was used again is not entirely successful: hence without the steps.
    assert pipe.is_successful(fail_on_step_fail=False)
    assert set(pipe.get_processed_nodes()) == {"generate", "scale"} and not pipe.get_running_nodes()
    statuses = {name: node.status for name, node in pipe.get_pipeline_dag().items()}
    assert statuses == {"generate": generated, "scale": "completed"}, statuses
    state[name] = {"id": pipe.id, "steps": steps(pipe)}


def part_functions(state):
    functions(state, "first", 10, generated="completed")


def part_functions_again(state):
    """The same first step, another second one."""
    functions(state, "second", 100, generated="cached")


def base(state):
    script = state.file("base.py")
    script.write_text(BASE)
    task = Task.create(PROJECT, "base", script=str(script), packages=["clearml"], add_task_init_call=False)
    state["base"] = task.id


def part_tasks(state):
    pipe = PipelineController("copies", PROJECT, version="2.4", pool_frequency=0.01)
    pipe.add_parameter("factor", default=7)
    pipe.add_step(
        "make",
        base_task_project=PROJECT,
        base_task_name="base",
        parameter_override={"General/factor": "${pipeline.factor}"},
    )
    pipe.add_step(
        "use",
        base_task_id=state["base"],
        parents=["make"],
        parameter_override={"General/source": "${make.id}", "General/factor": 2},
        task_overrides={"comment": "made by the pipeline"},
        monitor_metrics=[(("sum", "all"), ("outcome", "sum"))],
    )
    pipe.start_locally(run_pipeline_steps_locally=True)
    assert pipe.is_successful()
    state["copies"] = {"id": pipe.id, "steps": steps(pipe)}


def explode():
    raise ValueError("this step cannot work")


def part_failing(state):
    pipe = PipelineController("failing", PROJECT, pool_frequency=0.01, abort_on_failure=True)
    pipe.add_function_step("explode", function=explode)
    pipe.add_function_step("after", function=generate, function_kwargs={"count": 1}, parents=["explode"])
    state["failing"] = pipe.id
    pipe.start_locally(run_pipeline_steps_locally=True)
    assert not pipe.is_successful()


def check(state):
    first, second, copies = (state[name] for name in ("first", "second", "copies"))
    # Steps: the second run did not generate again.
    assert first["steps"]["generate"] == second["steps"]["generate"], (first, second)
    assert first["steps"]["scale"] != second["steps"]["scale"]

    def task(task_id):
        return Task.get_task(task_id=task_id)

    generated = task(first["steps"]["generate"])
    assert list(generated.artifacts["data"].get()) == [0, 1, 2, 3, 4]
    assert generated.data.runtime["pipeline_job_hash"], generated.data.runtime
    assert generated.parent == first["id"], generated.parent
    for run, factor in ((first, 10), (second, 100)):
        step = task(run["steps"]["scale"])
        assert step.get_status() == "completed" and step.parent == run["id"]
        assert list(step.artifacts["scaled"].get()) == [factor * n for n in range(5)]
        assert step.artifacts["summary"].get() == {"total": 10 * factor, "items": 5}
        assert step.get_reported_scalars()["scaled"]["total"]["y"] == [10.0 * factor]
        assert step.get_parameters()["kwargs/factor"] == str(factor), step.get_parameters()
        assert sorted(step.get_tags()) == sorted(["scaling", f"pipe: {run['id']}"]), step.get_tags()
        controller = task(run["id"])
        assert controller.get_status() == "completed" and controller.task_type == Task.TaskTypes.controller
        assert controller.get_parameters()["Args/count"] == "5", controller.get_parameters()
        assert controller.artifacts["summary"].get() == {"total": 10 * factor, "items": 5}
        last = controller.get_last_scalar_metrics()
        assert last["scaled"]["total"]["last"] == 10.0 * factor, last
        graph = controller.get_configuration_object_as_dict("Pipeline")
        assert set(graph) == {"generate", "scale"} and graph["scale"]["parents"] == ["generate"], graph
        assert controller.get_reported_plots(), "the pipeline draws its graph"
    assert task(first["id"]).name == "sums", task(first["id"]).name
    assert task(second["id"]).name == "sums #2", task(second["id"]).name
    versions = [task(run["id"]).data.runtime["version"] for run in (first, second)]
    assert versions == ["1.0.0", "1.0.1"], versions

    make, use = task(copies["steps"]["make"]), task(copies["steps"]["use"])
    assert make.artifacts["numbers"].get() == [7, 14, 21] and use.artifacts["numbers"].get() == [14, 28, 42]
    assert use.get_parameters()["General/source"] == make.id and use.comment == "made by the pipeline", use.comment
    assert state["base"] not in (make.id, use.id) and task(state["base"]).get_status() == "created"
    controller = task(copies["id"])
    assert controller.get_last_scalar_metrics()["outcome"]["sum"]["last"] == 84.0
    assert controller.data.runtime["version"] == "2.4"

    failing = task(state["failing"])
    assert failing.get_status() == "failed", failing.get_status()
    steps = Task.get_tasks(task_filter={"parent": failing.id})
    assert [(step.name, step.get_status()) for step in steps] == [("explode", "failed")], steps
    text = "\n".join(steps[0].get_reported_console_output(number_of_reports=100))
    assert "this step cannot work" in text, text

    found = PipelineController.get(pipeline_project=PROJECT, pipeline_name="sums")
    assert found.id == second["id"], "the latest run is the one that is found"
    assert PipelineController.get(pipeline_id=first["id"]).id == first["id"]
    assert PipelineController.get(pipeline_project=PROJECT, pipeline_name="copies", pipeline_version="2.4").id == controller.id
    copy = PipelineController.clone(pipeline_controller=found, name="copied", project=PROJECT)
    copied = task(copy.id)
    assert (copied.name, copied.get_status()) == ("copied", "created"), (copied.name, copied.get_status())
    assert copied.get_configuration_object_as_dict("Pipeline").keys() == {"generate", "scale"}

    client = APIClient()
    rows = client.projects.get_all(name="/\\.pipelines", search_hidden=True, only_fields=["name", "system_tags"])
    tags = {row.name: sorted(row.system_tags) for row in rows}
    assert tags == {
        f"{PROJECT}/.pipelines": ["hidden"],
        **{f"{PROJECT}/.pipelines/{name}": ["hidden", "pipeline"] for name in ("sums", "copies", "failing")},
    }, tags
