#!/usr/bin/env python3
"""Writes the history of a ClearML-compatible server into an archive that `roundhouse import` reads.

    pip install clearml
    python roundhouse_export.py DIRECTORY

It only calls the server's public API, with the credentials of ~/clearml.conf (or the CLEARML_API_* variables), and
changes nothing there. It can be stopped at any time: started again with the same directory, it goes on where it was.
docs/import.md tells what the archive holds and how it is imported.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
from clearml.backend_api.session.client import APIClient

FORMAT, VERSION = "roundhouse-archive", 1
# Events that are numbered by iteration. Console lines often are not; they have a call of their own.
NUMBERED = ("training_stats_scalar", "training_stats_vector", "training_debug_image", "plot")
# What a server adds to events; `events.add_batch` makes it again.
SERVER_FIELDS = ("@timestamp", "_id", "event_id", "company", "company_id", "plot_len", "plot_data", "source_urls", "valid_plot")
PHASES = ("user", "project", "queue", "task", "model")
SERVICES = {"user": "users", "project": "projects", "queue": "queues", "task": "tasks", "model": "models"}
# The server's limit for one page of events.
EVENTS_PAGE = 10_000
ATTEMPTS = 8


def warn(text):
    print(f"warning: {text}", file=sys.stderr, flush=True)


class Server:
    """The server's API, called gently."""

    def __init__(self, pause):
        self.session = APIClient().session
        self.pause = pause
        self.files = (self.session.get_files_server_host() or "").rstrip("/")
        self.web = requests.Session()
        self.web.verify = self.session.config.get("api.verify_certificate", True)

    def call(self, action, **body):
        """The data of an answer. What may pass by itself is tried again, more slowly each time."""
        service, name = action.split(".")
        body = {key: value for key, value in body.items() if value is not None}
        for attempt in range(ATTEMPTS):
            time.sleep(self.pause)
            answer = self.session.send_request(service, name, json=body)
            if answer.status_code == 200:
                return answer.json()["data"]
            if answer.status_code not in (408, 429, 500, 502, 503, 504) or attempt == ATTEMPTS - 1:
                raise SystemExit(f"{action} failed with status {answer.status_code}: {answer.text[:500]}")
            wait = float(answer.headers.get("Retry-After") or 2**attempt)
            warn(f"{action} answered {answer.status_code}; trying again in {wait:.0f} s")
            time.sleep(wait)

    def scroll(self, kind, size, **query):
        """Documents of a kind, page by page, in the order in which they were made."""
        scroll = None
        while True:
            data = self.call(
                f"{SERVICES[kind]}.get_all_ex",
                size=size,
                scroll_id=scroll,
                order_by=["created"],
                search_hidden=True,
                allow_public=False,
                **query,
            )
            documents = data.get(SERVICES[kind]) or []
            if not documents:
                return
            yield from documents
            scroll = data.get("scroll_id")
            if not scroll:
                return

    def download(self, url, path):
        """Stores a file; its length and hash, or None when the server does not have it."""
        for attempt in range(ATTEMPTS):
            time.sleep(self.pause)
            try:
                headers = {"Authorization": f"Bearer {self.session.token}"}
                with self.web.get(url, headers=headers, stream=True, timeout=(30, 300)) as answer:
                    if answer.status_code in (429, 500, 502, 503, 504):
                        raise requests.ConnectionError(f"status {answer.status_code}")
                    if answer.status_code != 200:
                        warn(f"{url} answered {answer.status_code}; the file is left out")
                        return None
                    path.parent.mkdir(parents=True, exist_ok=True)
                    part = path.with_name(path.name[:200] + ".part")
                    digest, size = hashlib.sha256(), 0
                    with open(part, "wb") as file:
                        for piece in answer.iter_content(1 << 20):
                            file.write(piece)
                            digest.update(piece)
                            size += len(piece)
                    os.replace(part, path)
                    return size, digest.hexdigest()
            except requests.RequestException as error:
                if attempt == ATTEMPTS - 1:
                    warn(f"{url} can't be downloaded ({error}); the file is left out")
                    return None
                time.sleep(2**attempt)


class Archive:
    """The lines, and what is needed to go on with them."""

    def __init__(self, directory):
        self.directory = Path(directory)
        # It holds what the server keeps to its own account.
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lines = self.directory / "archive.jsonl"
        self.state_file = self.directory / "export-state.json"
        self.state = json.loads(self.state_file.read_text()) if self.state_file.exists() else None
        if self.state is None and self.lines.exists():
            raise SystemExit(f"{self.lines} is there, but export-state.json is not: choose another directory")
        self.file = open(self.lines, "r+b" if self.state else "wb")
        if self.state:
            # What was written after the last mark belongs to a record that is not whole.
            self.file.truncate(self.state["offset"])
            self.file.seek(self.state["offset"])

    def write(self, kind, data):
        line = json.dumps({"kind": kind, "data": data}, ensure_ascii=False, separators=(",", ":"))
        self.file.write(line.encode("utf-8", "replace") + b"\n")

    def mark(self, **state):
        """All lines up to here are whole."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.state = {**(self.state or {}), **state, "offset": self.file.tell()}
        temporary = self.state_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.state))
        os.replace(temporary, self.state_file)

    def ids(self, kind, find):
        """The ids of a kind, looked up once: a later run goes on with the same list."""
        path = self.directory / f"export-{kind}-ids.json"
        if not path.exists():
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(list(find())))
            os.replace(temporary, path)
        return json.loads(path.read_text())


class Export:
    def __init__(self, server, archive, options):
        self.server, self.archive, self.options = server, archive, options
        self.said = time.monotonic()
        # A file's address in a figure ends where its text does.
        self.address = re.compile(re.escape(server.files) + r"/[^\s\"'\\<>]+") if server.files else None

    def run(self):
        archive = self.archive
        if archive.state and archive.state.get("complete"):
            print(f"{archive.lines} is complete.")
            return
        if not archive.state:
            company = self.server.call("users.get_current_user")["user"].get("company")
            company = company.get("id") if isinstance(company, dict) else company
            header = {
                "format": FORMAT,
                "version": VERSION,
                "archive": uuid.uuid4().hex,
                "exported": datetime.now(timezone.utc).isoformat(),
                "source": self.server.session.host,
                "company": company,
                "files": {"url": self.server.files, "included": self.options.files != "none"},
            }
            archive.write("header", header)
            archive.mark(phase=PHASES[0], done=0)
        for phase in PHASES[PHASES.index(archive.state["phase"]) :]:
            if archive.state["phase"] != phase:
                archive.mark(phase=phase, done=0)
            if phase in ("task", "model"):
                self.owners(phase)
            else:
                self.documents(phase)
        archive.write("end", {})
        archive.mark(complete=True)
        for path in archive.directory.glob("export-*-ids.json"):
            path.unlink()
        print(f"Complete: {archive.lines}\nOn the Roundhouse machine: roundhouse import {archive.directory}")

    # ---- what is exported

    def wanted(self, name):
        """Whether a project is among those chosen, below one of them, or above one."""
        chosen = self.options.project
        return not chosen or any(
            name == one or name.startswith(one + "/") or one.startswith(name + "/") for one in chosen
        )

    def chosen_projects(self):
        """Ids of the projects whose tasks and models are wanted; None: all."""
        if not self.options.project:
            return None
        found = self.server.scroll("project", 500, only_fields=["id", "name"])
        ids = [
            project["id"]
            for project in found
            if any(f"{project['name']}/".startswith(one + "/") for one in self.options.project)
        ]
        if not ids:
            raise SystemExit("there is no project of these names")
        return ids

    def documents(self, kind):
        """People, projects and queues: few, so that a phase is one step."""
        documents = list(self.server.scroll(kind, 500))
        if kind == "project":
            # Parents come before what lies in them.
            documents = sorted((one for one in documents if self.wanted(one["name"])), key=lambda one: one["name"])
        for document in documents:
            if kind == "user":
                document = {key: document[key] for key in ("id", "name", "email") if document.get(key)}
            self.archive.write(kind, document)
        self.archive.mark()

    def owners(self, kind):
        """Tasks or models, each with its events and files behind it."""

        def find():
            projects = self.chosen_projects()
            query = {"project": projects} if projects else {}
            return (one["id"] for one in self.server.scroll(kind, 1000, only_fields=["id"], **query))

        ids = self.archive.ids(kind, find)
        size = self.options.page_size
        while self.archive.state["done"] < len(ids):
            done = self.archive.state["done"]
            page = ids[done : done + size]
            data = self.server.call(
                f"{SERVICES[kind]}.get_all_ex", id=page, page=0, page_size=len(page), search_hidden=True
            )
            found = {one["id"]: one for one in data[SERVICES[kind]]}
            for number, one in enumerate(page, done + 1):
                # What was deleted meanwhile is not there any more.
                if one in found:
                    self.owner(kind, found[one])
                self.archive.mark(done=number)
                self.say(kind, number, len(ids))

    def owner(self, kind, document):
        if kind == "task" and document.get("status") in ("in_progress", "queued"):
            warn(f"task {document['id']} is {document['status']}: what it reports later is not in the archive")
        self.archive.write(kind, document)
        urls = set()
        if kind == "task":
            for artifact in (document.get("execution") or {}).get("artifacts") or []:
                urls.add(artifact.get("uri"))
        else:
            urls.add(document.get("uri"))
        for event in self.events(kind, document["id"]):
            self.archive.write("event", event)
            if self.options.files == "all":
                urls.add(event.get("url"))
                if self.address and self.server.files in (event.get("plot_str") or ""):
                    urls.update(self.address.findall(event["plot_str"]))
        if self.options.files != "none":
            for url in sorted(filter(None, urls)):
                self.store_file(url)

    # ---- events

    def events(self, kind, owner):
        for event_type in NUMBERED:
            for event in self.numbered(kind, owner, event_type):
                yield self.clean(event, kind, owner, event_type)
        if kind == "task":
            for event in self.console(owner):
                yield self.clean(event, kind, owner, "log")

    def numbered(self, kind, owner, event_type):
        scroll, seen = None, 0
        while True:
            data = self.server.call(
                "events.get_task_events",
                task=owner,
                event_type=event_type,
                order="asc",
                batch_size=EVENTS_PAGE,
                scroll_id=scroll,
                model_events=True if kind == "model" else None,
            )
            events = data.get("events") or []
            yield from self.with_figures(owner, events) if event_type == "plot" else events
            seen, scroll = seen + len(events), data.get("scroll_id")
            total = data.get("total")
            if not events or not scroll or (total is not None and seen >= total):
                return
            if events[-1].get("iter") == 0:
                warn(f"{kind} {owner}: a page of {event_type} ends at iteration 0; compare its charts after the import")

    def with_figures(self, owner, events):
        """Some servers leave the text of large figures out of this call; another one has it."""
        if any(not event.get("plot_str") for event in events):
            data = self.server.call("events.get_task_plots", task=owner, iters=10_000, no_scroll=True)
            texts = {self.spot(plot): plot.get("plot_str") for plot in data.get("plots") or []}
            for event in events:
                event["plot_str"] = event.get("plot_str") or texts.get(self.spot(event)) or ""
                if not event["plot_str"]:
                    warn(f"{owner}: the figure {event.get('metric')}/{event.get('variant')} has no text")
        return events

    @staticmethod
    def spot(event):
        return event.get("metric"), event.get("variant"), event.get("iter")

    def console(self, task):
        newest = None
        while True:
            data = self.server.call(
                "events.get_task_log",
                task=task,
                batch_size=5_000,
                navigate_earlier=False,
                from_timestamp=newest,
                order="asc",
            )
            events = data.get("events") or []
            yield from events
            if not events or events[-1].get("timestamp") is None:
                return
            newest = events[-1]["timestamp"]

    @staticmethod
    def clean(event, kind, owner, event_type):
        """The event as `events.add_batch` takes it."""
        event = {key: value for key, value in event.items() if value is not None and key not in SERVER_FIELDS}
        event.pop("model", None)
        event.update(type=event_type, task=owner)
        event.pop("model_event", None)
        if kind == "model":
            event["model_event"] = True
        if event_type == "training_stats_vector" and isinstance(event.get("value"), list):
            event["values"] = event.pop("value")
        return event

    # ---- files

    def store_file(self, url):
        host = self.server.files
        if not host or not url.startswith(host + "/"):
            return
        path = unquote(urlsplit(url[len(host) :]).path).lstrip("/")
        parts = path.split("/")
        if not path or any(part in ("", ".", "..") for part in parts) or "\0" in path:
            warn(f"{url} names no file that can be stored; it is left out")
            return
        target = self.archive.directory.joinpath("files", *parts)
        if target.is_file():
            digest = hashlib.sha256()
            with open(target, "rb") as file:
                for piece in iter(lambda: file.read(1 << 20), b""):
                    digest.update(piece)
            stored = target.stat().st_size, digest.hexdigest()
        else:
            stored = self.server.download(url, target)
        if stored:
            self.archive.write("file", {"path": path, "size": stored[0], "sha256": stored[1]})

    def say(self, kind, number, total):
        if time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            free = shutil.disk_usage(self.archive.directory).free // (1 << 20)
            print(f"{number} of {total} {kind}s; {free} MiB free", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", help="where the archive goes; the same again to go on after an interruption")
    parser.add_argument(
        "--files",
        choices=("all", "artifacts", "none"),
        default="all",
        help="files of the server's own file server that are copied too: all, only artifacts and model weights, or none "
        "[default: all]",
    )
    parser.add_argument(
        "--project", action="append", metavar="NAME", help="only this project and what lies in it; may be given again"
    )
    parser.add_argument(
        "--pause", type=float, default=0.0, metavar="SECONDS", help="wait before each call, to spare a busy server"
    )
    parser.add_argument(
        "--page-size", type=int, default=50, metavar="N", help="tasks or models fetched with one call [default: 50]"
    )
    options = parser.parse_args()
    options.project = [name.strip("/") for name in options.project or []]
    Export(Server(options.pause), Archive(options.directory), options).run()


if __name__ == "__main__":
    main()
