"""Drives the real ClearML SDK against a running server: `sdk_run.py run|check SCENARIO STATE`.

`run` reports, as a training script would. `check` reads everything back in another process with an empty cache, so that
nothing but the server can have kept it. STATE is a JSON file that `run` fills and `check` reads. A failed assertion is
an exception and a non-zero exit code.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve()


class State(dict):
    """What a run leaves for its check: small facts, task ids above all."""

    def __init__(self, path):
        self.path = Path(path)
        super().__init__(json.loads(self.path.read_text()) if self.path.exists() else {})

    def save(self):
        self.path.write_text(json.dumps(self, indent=1))

    def file(self, name):
        """A path beside the state file, for files that run and check share."""
        return self.path.with_name(f"{self.path.stem}-{name}")

    def part(self, scenario, name, expect=0):
        """Runs `part_NAME` of a scenario in a process of its own; answers its output.

        Only for scenarios whose `run` opens no task itself: the SDK takes a child of a process with a task for a part
        of that task.
        """
        self.save()
        command = [sys.executable, str(HERE), f"part_{name}", scenario, str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ.copy())
        print(done.stdout, done.stderr, sep="\n", flush=True)
        assert done.returncode == expect, f"part {name} ended with {done.returncode}, not {expect}"
        self.update(json.loads(self.path.read_text()))
        return done.stdout + done.stderr


def main():
    step, scenario, path = sys.argv[1:]
    sys.path.insert(0, str(HERE.parent))
    module = importlib.import_module(f"scenarios.{scenario}")
    state = State(path)
    getattr(module, step)(state)
    state.save()


if __name__ == "__main__":
    main()
