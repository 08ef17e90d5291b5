"""A pipeline of two functions that sends itself to the queue `services` and its steps to the queue `steps`."""

from clearml import PipelineController


def double(numbers):
    return [2 * number for number in numbers]


def sum_up(numbers):
    total = sum(numbers)
    print(f"the total is {total}", flush=True)
    return total


# Minutes between two looks at what runs: few.
pipeline = PipelineController("doubling", "yard/pipelines", "1.0", pool_frequency=0.03, add_pipeline_tags=False)
pipeline.set_default_execution_queue("steps")
pipeline.add_function_step(
    "double", double, function_kwargs={"numbers": [1, 2, 3]}, function_return=["doubled"], packages=["clearml"]
)
pipeline.add_function_step(
    "sum up",
    sum_up,
    parents=["double"],
    function_kwargs={"numbers": "${double.doubled}"},
    function_return=["total"],
    packages=["clearml"],
)
pipeline.start(queue="services")
