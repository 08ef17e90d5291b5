"""What a run prints, and what its machine does meanwhile."""

import logging
import sys
import time

from clearml import Task

LINES = 300


def run(state):
    task = Task.init(
        "yard/console",
        "prints",
        reuse_last_task_id=False,
        auto_resource_monitoring={
            "sample_frequency_per_sec": 0.2,
            "report_frequency_sec": 1.0,
            "first_report_sec": 0.5,
            "wait_for_first_iteration_to_start_sec": 0.0,
            "max_wait_for_first_iteration_to_start_sec": 0.0,
        },
    )
    print("first line: grüße")
    print("to the error stream", file=sys.stderr)
    logging.getLogger("yard").warning("through logging")
    task.get_logger().report_text("reported text", level=logging.ERROR, print_console=False)
    for number in range(LINES):
        print(f"line {number:04}")
    print("x" * 20_000 + " end of the long line")
    time.sleep(8)
    print("last line")
    state["task"] = task.id
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    text = "\n".join(task.get_reported_console_output(number_of_reports=10_000))
    for wanted in (
        "first line: grüße",
        "to the error stream",
        "through logging",
        "reported text",
        "end of the long line",
        "last line",
    ):
        assert wanted in text, f"{wanted!r} is not in the console output:\n{text[:3000]}"
    numbers = [text.index(f"line {number:04}") for number in range(LINES)]
    assert numbers == sorted(numbers), "the lines are out of order"
    assert text.index("first line") < numbers[0] and numbers[-1] < text.index("last line")
    newest = task.get_reported_console_output(number_of_reports=1)
    assert len(newest) == 1, newest

    machine = task.get_reported_scalars().get(":monitor:machine")
    assert machine, "the resource monitor reported nothing"
    assert any("cpu" in name for name in machine), list(machine)
    # The machine's metrics don't count as progress of the training.
    assert task.get_last_iteration() == 0, task.get_last_iteration()
