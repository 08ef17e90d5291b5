"""A search for hyper-parameters: a base task, random search on this machine, the best found again."""

import subprocess
import sys

from clearml import Task
from clearml.automation import DiscreteParameterRange, HyperParameterOptimizer, RandomSearch, UniformParameterRange

PROJECT = "yard/search"
BASE = """\
from clearml import Task
task = Task.init("yard/search", "base", auto_resource_monitoring=False)
p = task.connect({"x": 1.0, "depth": 2})
x, depth = float(p["x"]), int(p["depth"])
for step in range(3):
    task.get_logger().report_scalar("score", "final", value=(x - 0.3) ** 2 + depth + 1.0 / (step + 1), iteration=step)
"""


def run(state):
    state.part("search", "base")
    state.part("search", "optimise")


def part_base(state):
    script = state.file("base.py")
    script.write_text(BASE)
    subprocess.run([sys.executable, str(script)], check=True, cwd=script.parent)
    state["base"] = Task.get_task(project_name=PROJECT, task_name="base").id


def part_optimise(state):
    task = Task.init(
        PROJECT,
        "optimiser",
        task_type=Task.TaskTypes.optimizer,
        reuse_last_task_id=False,
        auto_resource_monitoring=False,
    )
    optimiser = HyperParameterOptimizer(
        base_task_id=state["base"],
        hyper_parameters=[
            UniformParameterRange("General/x", min_value=0.0, max_value=1.0, step_size=0.1),
            DiscreteParameterRange("General/depth", values=[1, 2, 3]),
        ],
        objective_metric_title="score",
        objective_metric_series="final",
        objective_metric_sign="min",
        optimizer_class=RandomSearch,
        max_number_of_concurrent_tasks=2,
        total_max_jobs=4,
        pool_period_min=0.01,
        save_top_k_tasks_only=2,
        execution_queue=None,
    )
    optimiser.set_report_period(0.05)
    optimiser.start_locally()
    optimiser.wait()
    top = optimiser.get_top_experiments(top_k=2)
    state["optimiser"] = task.id
    state["top"] = [found.id for found in top]
    optimiser.stop()
    task.close()


def objective(task):
    parameters = task.get_parameters()
    return (float(parameters["General/x"]) - 0.3) ** 2 + int(parameters["General/depth"]) + 1 / 3


def check(state):
    jobs = Task.get_tasks(task_filter={"parent": state["optimiser"]})
    assert len(jobs) == 4, jobs
    assert all(job.get_status() == "completed" for job in jobs), [job.get_status() for job in jobs]
    values = {}
    for job in jobs:
        last = job.get_last_scalar_metrics()["score"]["final"]
        assert abs(last["last"] - objective(job)) < 1e-9, (last, job.get_parameters())
        assert last["max"] - last["min"] > 0.6, last
        values[job.id] = last["last"]
    assert len({str(job.get_parameters()) for job in jobs}) == 4, "every job tried something else"
    # The two best, as the server orders them by the metric.
    best = sorted(values, key=values.get)[:2]
    assert state["top"] == best, (state["top"], values)
    # The others were put away.
    archived = {job.id for job in jobs if "archived" in (job.get_system_tags() or [])}
    assert archived <= set(values) - set(best), archived
    optimiser = Task.get_task(task_id=state["optimiser"])
    assert str(optimiser.task_type) == "optimizer" and optimiser.get_status() == "completed"
    scalars = optimiser.get_reported_scalars()
    assert scalars, "the optimiser reports how it goes"
