//! What is done with tasks through plain forms, as a browser without script sends them: the page that asks, then the
//! post that acts; every effect is read back through the API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};

use crate::yard::{Client, Yard};

/// Somebody with cookies and no script.
struct Reader {
    http: reqwest::blocking::Client,
    web: String,
}

/// A page as it arrived, redirects followed.
struct Page {
    status: u16,
    path: String,
    text: String,
}

/// Pairs of a form.
type Form<'a> = Vec<(&'a str, &'a str)>;

impl Reader {
    /// Signs in with the name and password of the first administrator.
    fn admin(yard: &Yard) -> Self {
        let password = fs::read_to_string(yard.data().join("initial-password")).unwrap();
        let http = reqwest::blocking::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let reader = Self { http, web: yard.web() };
        let login = reader.get("/login");
        let guard = value(&login.text, "csrf");
        let page = reader.post(
            "/login",
            &vec![("username", "admin"), ("password", password.trim()), ("csrf", guard.as_str())],
        );
        assert_eq!((page.status, page.path.as_str()), (200, "/"), "not signed in");
        reader
    }

    fn get(&self, path: &str) -> Page {
        read(self.http.get(format!("{}{path}", self.web)).send().unwrap())
    }

    fn post(&self, path: &str, form: &Form<'_>) -> Page {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self.http.post(format!("{}{path}", self.web)).header("origin", &self.web);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        read(request.body(body.join("&")).send().unwrap())
    }

    /// Reads the question at a path and sends its form with what it carries and these fields.
    fn confirm(&self, question: &Page, more: &Form<'_>) -> Page {
        let form = form_of(question);
        let mut fields: Vec<(String, String)> =
            Regex::new(r#"<input type="hidden" name="([^"]+)" value="([^"]*)">"#)
                .unwrap()
                .captures_iter(form)
                .map(|found| (found[1].to_owned(), found[2].to_owned()))
                .collect();
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let action = Regex::new(r#"action="([^"]+)""#).unwrap().captures(form).unwrap()[1].to_owned();
        let fields: Form<'_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&action, &fields)
    }

    /// Asks for a deed with one task and does it.
    fn act(&self, task: &str, deed: &str, more: &Form<'_>) -> Page {
        self.confirm(&self.get(&format!("/tasks/{task}/{deed}")), more)
    }

    /// The question that follows when these tasks of a project's table are chosen.
    fn ask_many(&self, project: &str, tasks: &[&str], deed: &str) -> Page {
        let table = self.get(&format!("/projects/{project}/tasks"));
        let (csrf, once) = (value(&table.text, "csrf"), value(&table.text, "once"));
        let mut form: Form<'_> = vec![("csrf", csrf.as_str()), ("once", once.as_str())];
        form.extend(tasks.iter().map(|task| ("task", *task)));
        self.post(&format!("/projects/{project}/tasks/{deed}"), &form)
    }
}

fn read(response: reqwest::blocking::Response) -> Page {
    let (status, path) = (response.status().as_u16(), response.url().path().to_owned());
    Page { status, path, text: response.text().unwrap() }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The value of a hidden field, wherever it stands in the page.
fn value(page: &str, name: &str) -> String {
    let found = Regex::new(&format!(r#"name="{name}" value="([^"]*)""#)).unwrap();
    found.captures(page).unwrap_or_else(|| panic!("no field {name}"))[1].to_owned()
}

/// The markup of the question.
#[track_caller]
fn form_of(page: &Page) -> &str {
    let begin = page
        .text
        .find("id=\"confirm\"")
        .unwrap_or_else(|| panic!("{} asks nothing ({})", page.path, page.status));
    let rest = &page.text[begin..];
    &rest[..rest.find("</form>").unwrap()]
}

/// The words of the question, or of the whole page where it asks nothing.
fn words(markup: &str) -> String {
    let plain =
        Regex::new("<[^>]*>").unwrap().replace_all(markup, " ").replace("&#39;", "'").replace("&#x27;", "'");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(page: &Page, sentence: &str) {
    let text = words(&page.text);
    assert!(text.contains(sentence), "“{sentence}” is not in: {text}");
}

fn draft(admin: &Client, project: &str, name: &str, more: Value) -> String {
    let mut request = json!({"name": name, "type": "training", "project": project});
    request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    admin.ok("tasks.create", request)["id"].as_str().unwrap().to_owned()
}

fn stored(admin: &Client, task: &str) -> Value {
    admin.ok("tasks.get_by_id", json!({"task": task}))["task"].clone()
}

fn status(admin: &Client, task: &str) -> String {
    stored(admin, task)["status"].as_str().unwrap().to_owned()
}

fn project(admin: &Client) -> String {
    admin.ok("projects.create", json!({"name": "deeds"}))["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_draft_goes_into_the_queue_that_is_chosen() {
    let yard = Yard::start();
    let (admin, reader) = (yard.admin(), Reader::admin(&yard));
    let project = project(&admin);
    let id = draft(&admin, &project, "waits", json!({}));
    let gpu = admin.ok("queues.create", json!({"name": "gpu"}))["id"].as_str().unwrap().to_owned();
    admin.ok("workers.register", json!({"worker": "box:gpu0", "queues": [gpu], "timeout": 600}));

    let question = reader.get(&format!("/tasks/{id}/enqueue"));
    says(&question, "default (no agent listens)");
    says(&question, "gpu (1 agent)");
    let page = reader.confirm(&question, &vec![("queue", &gpu)]);
    says(&page, "Enqueued. The next free agent takes it.");
    assert_eq!(status(&admin, &id), "queued");
    assert_eq!(admin.ok("queues.get_by_id", json!({"queue": gpu}))["queue"]["entries"][0]["task"], json!(id));

    // Again: refused in words, and it waits there once.
    let page = reader.confirm(&question, &vec![("queue", &gpu)]);
    assert_eq!(page.path, format!("/tasks/{id}"), "a form sent twice acts once");
    let page = reader.act(&id, "enqueue", &vec![("queue", &gpu)]);
    assert_eq!(page.status, 422);
    says(&page, "It waits in a queue already.");
    assert_eq!(admin.ok("queues.get_num_entries", json!({"queue": gpu}))["num"], 1);

    says(&reader.act(&id, "dequeue", &vec![]), "Dequeued.");
    assert_eq!(status(&admin, &id), "created");
    assert_eq!(admin.ok("queues.get_num_entries", json!({"queue": gpu}))["num"], 0);
    let page = reader.act(&id, "dequeue", &vec![]);
    assert_eq!(page.status, 422);
    says(&page, "It waits in no queue.");

    // A queue that is gone meanwhile.
    let question = reader.get(&format!("/tasks/{id}/enqueue"));
    admin.ok("queues.delete", json!({"queue": gpu}));
    let page = reader.confirm(&question, &vec![("queue", &gpu)]);
    assert_eq!(page.status, 422);
    assert_eq!(status(&admin, &id), "created");
    // Nobody listens to the default queue.
    let default = admin.ok("queues.get_default", json!({}))["id"].as_str().unwrap().to_owned();
    says(&reader.act(&id, "enqueue", &vec![("queue", &default)]), "No agent listens to this queue.");
    assert_eq!(status(&admin, &id), "queued");
}

#[test]
fn an_abort_says_who_runs_the_task_and_what_goes_on() {
    let yard = Yard::start();
    let (admin, reader) = (yard.admin(), Reader::admin(&yard));
    let project = project(&admin);
    let run = |name: &str, more: Value| {
        let id = draft(&admin, &project, name, more);
        admin.ok("tasks.started", json!({"task": id}));
        id
    };
    let id = run("runs", json!({}));
    let child = run("child", json!({"parent": id}));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    admin.ok("workers.status_report", json!({"worker": "box:gpu0", "timestamp": now, "task": id}));
    let question = reader.get(&format!("/tasks/{id}/abort"));
    says(&question, "The process that runs it is asked to stop.");
    says(&question, "It runs now on box:gpu0");
    says(&question, "1 task that descends from it runs or waits, and goes on");
    says(&reader.confirm(&question, &vec![]), "Stopping. The process that runs it ends at its next report.");
    let asked = stored(&admin, &id);
    assert_eq!((&asked["status"], &asked["status_message"]), (&json!("in_progress"), &json!("stopping")));
    assert_eq!(status(&admin, &child), "in_progress");

    // Nobody reports for this one.
    says(&reader.act(&child, "abort", &vec![]), "Aborted.");
    assert_eq!(status(&admin, &child), "stopped");
    let page = reader.act(&child, "abort", &vec![]);
    assert_eq!(page.status, 422);
    says(&page, "It neither runs nor waits.");

    // A pipeline's steps go the same way where the box is ticked.
    for (ticked, outcome) in [(false, "in_progress"), (true, "stopped")] {
        let pipeline = run("pipeline", json!({"type": "controller"}));
        let step = run("step", json!({"parent": pipeline}));
        let question = reader.get(&format!("/tasks/{pipeline}/abort"));
        says(&question, "Abort its 1 step that run or wait as well");
        let more = if ticked { vec![("steps", "1")] } else { vec![] };
        reader.confirm(&question, &more);
        assert_eq!((status(&admin, &pipeline), status(&admin, &step)), ("stopped".into(), outcome.into()));
    }
}

#[test]
fn clone_publish_archive_and_restore() {
    let yard = Yard::start();
    let (admin, reader) = (yard.admin(), Reader::admin(&yard));
    let project = project(&admin);
    let parameters = json!({"Args": {"lr": {"section": "Args", "name": "lr", "value": "0.1"}}});
    let id = draft(&admin, &project, "source", json!({"hyperparams": parameters}));
    let page = reader.act(&id, "clone", &vec![("name", "the copy")]);
    says(&page, "Cloned. This is the copy, a draft.");
    let copy = stored(&admin, page.path.rsplit('/').next().unwrap());
    assert_eq!(
        (&copy["name"], &copy["status"], &copy["parent"]),
        (&json!("the copy"), &json!("created"), &json!(id))
    );
    assert_eq!(copy["hyperparams"], stored(&admin, &id)["hyperparams"]);
    let page = reader.act(&id, "clone", &vec![("name", "ab")]);
    assert_eq!(page.status, 422);
    says(&page, "at least 3");

    let page = reader.act(&id, "publish", &vec![]);
    assert_eq!(page.status, 422);
    says(&page, "A draft has no results to publish.");
    admin.ok("tasks.started", json!({"task": id}));
    admin.ok("tasks.completed", json!({"task": id}));
    says(&reader.act(&id, "publish", &vec![]), "Published.");
    assert_eq!(status(&admin, &id), "published");
    let page = reader.act(&id, "reset", &vec![]);
    assert_eq!(page.status, 422);
    says(&page, "A published task stays as it is. Clone it.");
    assert_eq!(status(&admin, &id), "published");

    let archived = |id: &str| stored(&admin, id)["system_tags"] == json!(["archived"]);
    says(&reader.act(&id, "archive", &vec![]), "Archived.");
    assert!(archived(&id));
    let page = reader.act(&id, "archive", &vec![]);
    assert_eq!(page.status, 422);
    says(&page, "It is archived already.");
    says(&reader.act(&id, "restore", &vec![]), "Restored.");
    assert!(!archived(&id));
}

#[test]
fn reset_and_delete_count_what_goes() {
    let yard = Yard::start();
    let (admin, reader) = (yard.admin(), Reader::admin(&yard));
    let project = project(&admin);
    let id = draft(&admin, &project, "holds things", json!({}));
    let child = draft(&admin, &project, "child", json!({"parent": id}));
    admin.ok("tasks.started", json!({"task": id}));
    let upload = |name: &str| {
        let path = format!("deeds/holds things.{id}/artifacts/{name}");
        let part = reqwest::blocking::multipart::Part::bytes(b"content".to_vec()).file_name("x");
        let form = reqwest::blocking::multipart::Form::new().part(path.clone(), part);
        let token = admin.token();
        let answer = admin.http().post(yard.files()).bearer_auth(token).multipart(form).send().unwrap();
        assert_eq!(answer.status(), 200);
        format!("{}/{}", yard.files(), path.replace(' ', "%20"))
    };
    let keep_artifact = |url: &str| {
        let artifact = json!([{"key": "one", "type": "custom", "uri": url}]);
        admin.ok("tasks.add_or_update_artifacts", json!({"task": id, "artifacts": artifact, "force": true}));
    };
    keep_artifact(&upload("one"));
    let model = json!({"name": "weights", "uri": "s3://bucket/weights.pt", "task": id});
    let model = admin.ok("models.create", model)["id"].clone();
    admin.ok("tasks.add_or_update_model", json!({"task": id, "name": "w", "model": model, "type": "output"}));
    admin.ok("models.edit", json!({"model": model, "ready": false}));
    let event = json!({"type": "training_stats_scalar", "task": id, "metric": "m", "variant": "v", "iter": 1, "value": 1});
    admin.ok("events.add", event);

    // Still running: the reset says so, and what goes.
    let question = reader.get(&format!("/tasks/{id}/reset"));
    for sentence in
        ["1 artifact", "1 model that is not published", "1 file on this server", "s3://bucket", "It runs now"]
    {
        says(&question, sentence);
    }
    let page = reader.confirm(&question, &vec![("files", "1")]);
    assert_eq!(page.status, 422);
    says(&page, "Type delete to confirm. Nothing was reset.");
    assert_eq!(status(&admin, &id), "in_progress");
    let page = reader.confirm(&page, &vec![("files", "1"), ("typed", "delete")]);
    says(&page, "Reset. It is a draft again.");
    let again = stored(&admin, &id);
    assert_eq!((&again["status"], &again["execution"]["artifacts"]), (&json!("created"), &json!([])));
    admin.call("models.get_by_id", json!({"model": model})).is(400, 201);
    let scalars = admin.ok("events.scalar_metrics_iter_histogram", json!({"task": id}));
    assert_eq!(scalars, json!({}));

    // Deleting with files takes the word; refusals leave all as it is.
    keep_artifact(&upload("two"));
    let question = reader.get(&format!("/tasks/{id}/delete"));
    says(&question, "1 task descends from it. It stays, but its parent is gone");
    let page = reader.confirm(&question, &vec![("files", "1"), ("typed", "something else")]);
    assert_eq!(page.status, 422);
    says(&page, "Type delete to confirm. Nothing was deleted.");
    assert_eq!(status(&admin, &id), "created");
    admin.ok("tasks.started", json!({"task": id}));
    admin.ok("tasks.completed", json!({"task": id}));
    let page = reader.act(&id, "delete", &vec![("files", "1"), ("typed", "delete")]);
    assert_eq!(page.status, 422);
    says(&page, "Only drafts and archived tasks are deleted. Archive it first.");
    assert_eq!(status(&admin, &id), "completed");
    admin.ok("tasks.archive_many", json!({"ids": [id]}));
    let page = reader.act(&id, "delete", &vec![("files", "1"), ("typed", "delete")]);
    assert_eq!(page.path, format!("/projects/{project}/tasks"));
    says(&page, "holds things is deleted.");
    admin.call("tasks.get_by_id", json!({"task": id})).is(400, 101);
    assert_ne!(stored(&admin, &child)["parent"], json!(id));
}

#[test]
fn several_at_once_tell_what_was_refused_and_why() {
    let yard = Yard::start();
    let (admin, reader) = (yard.admin(), Reader::admin(&yard));
    let project = project(&admin);
    let [one, two, runs] = ["first", "second", "third"].map(|name| draft(&admin, &project, name, json!({})));
    admin.ok("tasks.started", json!({"task": runs}));
    let default = admin.ok("queues.get_default", json!({}))["id"].as_str().unwrap().to_owned();
    let all = [two.as_str(), one.as_str(), runs.as_str()];
    let act = |tasks: &[&str], deed: &str, more: Form<'_>| {
        reader.confirm(&reader.ask_many(&project, tasks, deed), &more)
    };

    let question = reader.ask_many(&project, &all, "enqueue");
    says(&question, "Enqueue 2 of 3 tasks?");
    says(&question, "1 will be refused: It runs already.");
    let page = reader.confirm(&question, &vec![("queue", &default)]);
    says(&page, "2 enqueued, 1 refused: third (It runs already). No agent listens to this queue.");
    let entries = admin.ok("queues.get_by_id", json!({"queue": default}))["queue"]["entries"].clone();
    let order: Vec<&str> =
        entries.as_array().unwrap().iter().map(|entry| entry["task"].as_str().unwrap()).collect();
    assert_eq!(order, [two.as_str(), one.as_str()], "in the order of the table");

    says(&act(&all, "dequeue", vec![]), "2 dequeued, 1 refused: third (It waits in no queue).");
    assert_eq!([&one, &two, &runs].map(|id| status(&admin, id)), ["created", "created", "in_progress"]);

    says(&act(&all, "clone", vec![]), "3 cloned.");
    let copies = admin.ok("tasks.get_all", json!({"project": [project], "name": "^Clone of ", "only_fields": ["name", "status"], "order_by": ["name"]}));
    let copy = |name: &str| json!({"name": format!("Clone of {name}"), "status": "created"});
    assert_eq!(copies["tasks"], json!([copy("first"), copy("second"), copy("third")]));

    says(&reader.ask_many(&project, &all, "abort"), "Abort 1 of 3 tasks?");
    let page = act(&all, "abort", vec![]);
    says(&page, "1 aborted, 2 refused:");
    says(&page, "(It neither runs nor waits)");
    assert_eq!(status(&admin, &runs), "stopped");

    let question = reader.ask_many(&project, &all, "reset");
    says(&question, "Reset 1 of 3 tasks?");
    says(&question, "Everything reported: console, scalars, plots and debug samples");
    says(&reader.confirm(&question, &vec![]), "1 reset, 2 refused:");
    assert_eq!(status(&admin, &runs), "created");

    // Nothing to do is said before the button is pressed.
    let question = reader.ask_many(&project, &all, "dequeue");
    says(&question, "Dequeue 3 tasks?");
    says(&question, "None of them can be dequeued.");

    // An id that is nobody's is refused like any other.
    let stranger = "0".repeat(32);
    let page = act(&[&one, &stranger], "archive", vec![]);
    says(&page, "1 archived, 1 refused:");
    assert_eq!(stored(&admin, &one)["system_tags"], json!(["archived"]));
    says(&act(&[&one], "restore", vec![]), "1 restored.");
    says(&act(&[&one, &two], "delete", vec![]), "2 deleted.");
    admin.call("tasks.get_by_id", json!({"task": one})).is(400, 101);

    says(&reader.ask_many(&project, &[], "delete"), "Nothing was done. Select a task first.");
    let page =
        reader.post(&format!("/projects/{project}/tasks/archive"), &vec![("task", &runs), ("sure", "1")]);
    assert_eq!(page.status, 403, "not without the token of the session");
    assert_eq!(stored(&admin, &runs)["system_tags"], json!([]));
}
