"""Pipelines from functions, from tasks and from decorators, all run on this machine; a step's result is used again."""

from clearml import PipelineController, PipelineDecorator, Task

PROJECT = "yard/pipelines"
# Minutes between two looks at what runs.
OFTEN = 0.01


def run(state):
    for part in ("base", "functions", "again", "tasks", "decorated"):
        state.part("pipelines", part)


# ---- from functions


def make(count):
    return [value * 1.5 for value in range(int(count))]


def add(values, offset):
    return sum(values) + float(offset)


def controller(state, key):
    pipe = PipelineController(name="functions", project=PROJECT, version="1.0", pool_frequency=OFTEN, add_pipeline_tags=True)
    pipe.add_parameter("count", 5)
    pipe.add_function_step(
        "make", make, function_kwargs={"count": "${pipeline.count}"}, function_return=["values"], cache_executed_step=True
    )
    pipe.add_function_step(
        "add", add, function_kwargs={"values": "${make.values}", "offset": 10}, function_return=["total"]
    )
    pipe.start_locally(run_pipeline_steps_locally=True)
    pipe.wait()
    state[key] = finished(pipe)


def finished(pipe):
    """Ids of the run and of its steps' tasks."""
    assert pipe.is_successful(fail_on_step_fail=False)
    nodes = pipe.get_pipeline_dag()
    pipe.stop()
    return {"run": pipe.id, "steps": {name: node.executed for name, node in nodes.items()}}


def part_functions(state):
    controller(state, "functions")


def part_again(state):
    """The same once more: the first step was run already, the second one is not to be kept."""
    controller(state, "again")


# ---- from tasks


def part_base(state):
    """What a template task would have done by itself."""
    script = state.file("step.py")
    script.write_text(
        "from clearml import Task\n"
        "task = Task.init('yard/pipelines', 'template', auto_resource_monitoring=False)\n"
        "p = task.connect({'factor': 2, 'input': ''})\n"
        "earlier = Task.get_task(task_id=p['input']).artifacts['result'].get() if p['input'] else 1\n"
        "task.upload_artifact('result', earlier * int(p['factor']), wait_on_upload=True)\n"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, str(script)], check=True, cwd=script.parent)
    state["template"] = Task.get_task(project_name=PROJECT, task_name="template").id


def part_tasks(state):
    pipe = PipelineController(name="tasks", project=PROJECT, version="2.0", pool_frequency=OFTEN)
    pipe.add_step("double", base_task_id=state["template"], parameter_override={"General/factor": 2})
    pipe.add_step(
        "triple",
        parents=["double"],
        base_task_id=state["template"],
        parameter_override={"General/factor": 3, "General/input": "${double.id}"},
    )
    pipe.start_locally(run_pipeline_steps_locally=True)
    pipe.wait()
    state["tasks"] = finished(pipe)


# ---- from decorators


@PipelineDecorator.component(return_values=["numbers"], cache=False)
def numbers(count):
    return list(range(count))


@PipelineDecorator.component(return_values=["total"], cache=False)
def total(values):
    return sum(values)


@PipelineDecorator.pipeline(name="decorated", project=PROJECT, version="3.0", pool_frequency=OFTEN)
def decorated(count=4):
    result = total(numbers(count))
    print("the total is", result)
    return int(result)


def part_decorated(state):
    PipelineDecorator.run_locally()
    result = decorated(count=6)
    assert result == 15, result
    state.save()


def check(state):
    from .api import call

    first, again = state["functions"], state["again"]
    steps = {name: Task.get_task(task_id=task) for name, task in first["steps"].items()}
    assert steps["make"].artifacts["values"].get() == [0.0, 1.5, 3.0, 4.5, 6.0]
    assert steps["add"].get_parameters()["return/total"] == "25.0"
    assert {step.parent for step in steps.values()} == {first["run"]}
    assert again["steps"]["make"] == first["steps"]["make"], "a step that is to be kept is not run again"
    assert again["steps"]["add"] != first["steps"]["add"]

    run = Task.get_task(task_id=first["run"])
    assert str(run.task_type) == "controller" and run.get_status() == "completed", (run.task_type, run.get_status())
    assert "pipeline" in run.get_system_tags()
    assert run.get_project_name() == f"{PROJECT}/.pipelines/functions", run.get_project_name()
    assert run.name == "functions" and Task.get_task(task_id=again["run"]).name == "functions #2"
    assert run.get_parameters()["Args/count"] == "5"
    assert run.get_configuration_object("Pipeline"), "the graph is stored"
    found = PipelineController.get(pipeline_id=again["run"])
    assert found.id == again["run"]
    projects = call(
        "projects.get_all_ex", name="/\\.pipelines/", system_tags=["pipeline"], search_hidden=True,
        include_stats=True, stats_with_children=False,
        include_stats_filter={"system_tags": ["pipeline"], "type": ["controller"]},
    )["projects"]
    counts = {row["name"].split("/")[-1]: row["stats"]["active"]["total_tasks"] for row in projects}
    assert counts == {"functions": 2, "tasks": 1, "decorated": 1}, counts

    steps = {name: Task.get_task(task_id=task) for name, task in state["tasks"]["steps"].items()}
    assert steps["triple"].artifacts["result"].get() == 6
    assert steps["triple"].get_parameters()["General/input"] == steps["double"].id
    assert {step.parent for step in steps.values()} == {state["tasks"]["run"]}
    template = Task.get_task(task_id=state["template"])
    assert template.artifacts["result"].get() == 2 and template.get_parameters()["General/input"] == ""

    [run] = Task.get_tasks(project_name=f"{PROJECT}/.pipelines/decorated", task_filter={"search_hidden": True, "type": ["controller"]})
    steps = Task.get_tasks(task_filter={"parent": run.id, "search_hidden": True})
    assert sorted(step.name for step in steps) == ["numbers", "total"], steps
    assert run.get_parameters()["Args/count"] == "6"
    assert "the total is 15" in "\n".join(run.get_reported_console_output(number_of_reports=20))
