//! The collections: one static description each (protocol: spec/protocol.md 5.1, 5.14; spec/tasks.md 2;
//! spec/projects.md 1; spec/models.md 1; spec/queues_workers.md 1.1).

use super::schema::{Collection, Entity, Field, Hidden, Missing, Shape, Stored, TextIndex};

const TEXT: Shape = Shape::Text;
const INTEGER: Shape = Shape::Integer;
const REAL: Shape = Shape::Real;
const TIME: Shape = Shape::Time;
const TAGS: Shape = Shape::Strings { sorted: true };
const STRINGS: Shape = Shape::Strings { sorted: false };
const MAP: Shape = Shape::Map(&Shape::Any);

const TAGS_FIELD: Field = Field::column("tags", TAGS).at(Stored::Tags { system: false }).or(Missing::List);
const SYSTEM_TAGS_FIELD: Field =
    Field::column("system_tags", TAGS).at(Stored::Tags { system: true }).or(Missing::List);
const ID: Field = Field::column("id", TEXT).filled();
const COMPANY_FIELD: Field = Field::column("company", Shape::Reference(&COMPANY));
const COMPANY_ORIGIN: Field = Field::column("company_origin", TEXT).hide();
const USER_FIELD: Field = Field::column("user", Shape::Reference(&USER));
const PROJECT_FIELD: Field = Field::column("project", Shape::Reference(&PROJECT));
const NAME: Field = Field::column("name", TEXT).filled();
const LAST_ITERATION: Field = Field::column("last_iteration", INTEGER);
const LAST_METRICS: Field =
    Field::column("last_metrics", Shape::Map(&METRICS)).at(Stored::Metrics).or(Missing::Object);
const UNIQUE_METRICS: Field =
    Field::column("unique_metrics", STRINGS).at(Stored::MetricNames).or(Missing::List).hide();

static METRICS: Shape = Shape::Map(&METRIC);

/// One entry of `last_metrics`. The members are columns of `<table>_metric` or `metric_variant`.
static METRIC: Shape = Shape::Object(&[
    Field::inside("metric", TEXT),
    Field::inside("variant", TEXT),
    Field::inside("value", REAL),
    Field::inside("min_value", REAL),
    Field::inside("min_value_iteration", INTEGER),
    Field::inside("max_value", REAL),
    Field::inside("max_value_iteration", INTEGER),
    Field::inside("first_value", REAL),
    Field::inside("first_value_iteration", INTEGER),
    Field::inside("count", INTEGER),
    Field::inside("mean_value", REAL),
    Field::inside("x_axis_label", TEXT),
]);

static METADATA_ITEM: Shape =
    Shape::Object(&[Field::inside("key", TEXT), Field::inside("type", TEXT), Field::inside("value", TEXT)]);

static PARAMETER: Shape = Shape::Object(&[
    Field::inside("section", TEXT),
    Field::inside("name", TEXT),
    Field::inside("value", TEXT),
    Field::inside("type", TEXT),
    Field::inside("description", TEXT),
]);

static LINK: &[Field] = &[
    Field::inside("name", TEXT),
    Field::inside("model", Shape::Reference(&MODEL)),
    Field::inside("updated", TIME),
];

/// Tasks; also reports, pipelines and dataset versions.
pub static TASK: Collection = Collection {
    entity: Entity::Task,
    table: "task",
    fields: &[
        ID,
        NAME,
        USER_FIELD,
        COMPANY_FIELD,
        COMPANY_ORIGIN,
        Field::column("type", TEXT).filled(),
        Field::column("status", TEXT).filled(),
        Field::column("status_reason", TEXT),
        Field::column("status_message", TEXT),
        Field::column("status_changed", TIME),
        Field::column("comment", TEXT),
        Field::column("report", TEXT),
        Field::column("report_assets", STRINGS).or(Missing::List),
        Field::column("created", TIME),
        Field::column("started", TIME),
        Field::column("completed", TIME),
        Field::column("published", TIME),
        Field::column("active_duration", INTEGER),
        Field::column("duration", INTEGER),
        Field::column("parent", Shape::Reference(&TASK)),
        PROJECT_FIELD,
        Field::column(
            "output",
            Shape::Object(&[
                Field::inside("destination", TEXT),
                Field::inside("error", TEXT),
                Field::inside("result", TEXT),
            ]),
        )
        .or(Missing::Object),
        Field::column(
            "execution",
            Shape::Object(&[
                Field::inside("test_split", INTEGER).or(Missing::Integer(0)),
                Field::inside("parameters", MAP).or(Missing::Object),
                Field::inside("model_desc", MAP).or(Missing::Object),
                Field::inside("model_labels", MAP).or(Missing::Object),
                Field::inside("framework", TEXT),
                Field::inside("artifacts", Shape::Each(ARTIFACT))
                    .at(Stored::Column("artifacts"))
                    .or(Missing::List),
                Field::inside("queue", Shape::Reference(&QUEUE)).at(Stored::Column("execution_queue")),
            ]),
        )
        .or(Missing::Object),
        TAGS_FIELD,
        SYSTEM_TAGS_FIELD,
        Field::column(
            "script",
            Shape::Object(&[
                Field::inside("binary", TEXT).or(Missing::Text("python")),
                Field::inside("repository", TEXT).or(Missing::Text("")),
                Field::inside("tag", TEXT),
                Field::inside("branch", TEXT),
                Field::inside("version_num", TEXT),
                Field::inside("entry_point", TEXT).or(Missing::Text("")),
                Field::inside("working_dir", TEXT),
                Field::inside("requirements", MAP).or(Missing::Object),
                Field::inside("diff", TEXT),
            ]),
        )
        .or(Missing::Object),
        Field::column("last_worker", TEXT),
        Field::column("last_worker_report", TIME),
        Field::column("last_update", TIME).filled(),
        Field::column("last_change", TIME).filled(),
        Field::column("last_changed_by", TEXT),
        LAST_ITERATION,
        LAST_METRICS,
        UNIQUE_METRICS,
        Field::column("metric_stats", MAP).or(Missing::Object),
        Field::column("hyperparams", Shape::Map(&Shape::Map(&PARAMETER)))
            .at(Stored::Hyperparams)
            .or(Missing::Object),
        Field::column("configuration", Shape::Map(&CONFIGURATION_ITEM)).or(Missing::Object),
        Field::column("runtime", MAP).or(Missing::Object),
        Field::column(
            "models",
            Shape::Object(&[
                Field::inside("input", Shape::Each(LINK)).at(Stored::Links("input")).or(Missing::List),
                Field::inside("output", Shape::Each(LINK)).at(Stored::Links("output")).or(Missing::List),
            ]),
        )
        .at(Stored::Parts)
        .or(Missing::Object),
        Field::column("container", MAP).or(Missing::Object),
        Field::column("enqueue_status", TEXT).hide(),
    ],
    patterns: &["name", "comment", "report"],
    lists: &[
        "id",
        "user",
        "tags",
        "system_tags",
        "type",
        "status",
        "project",
        "parent",
        "hyperparams.*",
        "execution.queue",
        "models.input.model",
    ],
    exact: &["runtime.*"],
    ranges: &["created", "started", "active_duration", "last_metrics.*", "last_iteration"],
    datetimes: &["status_changed", "last_update", "last_change"],
    natural: &["hyperparams.", "execution.parameters.", "last_metrics."],
    escaped: &[("hyperparams", 2, 4), ("configuration", 2, 4)],
    renamed: &[
        ("execution.parameters", "hyperparams.Args"),
        ("execution.model_desc", "configuration"),
        ("execution.docker_cmd", "container"),
    ],
    hidden: Hidden::Tagged,
    text: Some(TextIndex { table: "task_text", weights: &[10.0, 10.0, 10.0, 10.0, 2.0, 1.0] }),
    old_system_tags: &["active", "archived", "development", "annotat*"],
    shown_by_id: &["unique_metrics"],
};

/// Tasks counted by project, status and system tags, for the statistics of projects; never on the wire. Each row stands
/// for the tasks that share these fields, so what asks for nothing else can ask it instead.
pub(crate) static TASK_COUNT: Collection = Collection {
    table: "task_count",
    fields: &[
        Field::column("project", TEXT),
        Field::column("company", TEXT),
        Field::column("status", TEXT).filled(),
        Field::column("system_tags", STRINGS).or(Missing::List),
    ],
    patterns: &[],
    lists: &["project", "status", "system_tags"],
    exact: &[],
    ranges: &[],
    datetimes: &[],
    natural: &[],
    escaped: &[],
    renamed: &[],
    hidden: Hidden::Nothing,
    text: None,
    ..TASK
};

static ARTIFACT: &[Field] = &[
    Field::inside("key", TEXT),
    Field::inside("type", TEXT),
    Field::inside("mode", TEXT).or(Missing::Text("output")),
    Field::inside("uri", TEXT),
    Field::inside("hash", TEXT),
    Field::inside("content_size", INTEGER),
    Field::inside("timestamp", INTEGER),
    Field::inside("type_data", Shape::Any),
    Field::inside("display_data", Shape::Any).or(Missing::List),
];

static CONFIGURATION_ITEM: Shape = Shape::Object(&[
    Field::inside("name", TEXT),
    Field::inside("value", TEXT),
    Field::inside("type", TEXT),
    Field::inside("description", TEXT),
]);

/// Models.
pub static MODEL: Collection = Collection {
    entity: Entity::Model,
    table: "model",
    fields: &[
        ID,
        NAME,
        USER_FIELD,
        COMPANY_FIELD,
        COMPANY_ORIGIN,
        PROJECT_FIELD,
        Field::column("task", Shape::Reference(&TASK)),
        Field::column("parent", Shape::Reference(&MODEL)),
        Field::column("created", TIME),
        Field::column("comment", TEXT),
        TAGS_FIELD,
        SYSTEM_TAGS_FIELD,
        Field::column("uri", TEXT),
        Field::column("framework", TEXT),
        Field::column("design", MAP).or(Missing::Object),
        Field::column("labels", MAP).or(Missing::Object),
        Field::column("ready", Shape::Flag),
        Field::column("ui_cache", MAP).or(Missing::Object).hide(),
        Field::column("metadata", Shape::Map(&METADATA_ITEM)).at(Stored::Metadata).or(Missing::Object),
        LAST_ITERATION,
        LAST_METRICS,
        UNIQUE_METRICS,
        Field::column("last_update", TIME).filled(),
        Field::column("last_change", TIME).filled(),
        Field::column("last_changed_by", TEXT),
    ],
    patterns: &["name", "comment"],
    lists: &[
        "tags",
        "system_tags",
        "framework",
        "uri",
        "id",
        "user",
        "project",
        "task",
        "parent",
        "metadata.*",
    ],
    exact: &["ready"],
    ranges: &["created", "last_metrics.*", "last_iteration"],
    datetimes: &["last_update", "last_change"],
    natural: &["metadata.", "last_metrics."],
    escaped: &[("metadata", 2, 3)],
    renamed: &[],
    hidden: Hidden::Nothing,
    text: Some(TextIndex { table: "model_text", weights: &[10.0, 10.0, 10.0, 5.0, 3.0, 3.0] }),
    old_system_tags: &["active", "archived"],
    shown_by_id: &[],
};

/// Projects.
pub static PROJECT: Collection = Collection {
    entity: Entity::Project,
    table: "project",
    fields: &[
        ID,
        NAME,
        Field::column("basename", TEXT).filled(),
        Field::column("description", TEXT),
        USER_FIELD,
        COMPANY_FIELD,
        COMPANY_ORIGIN,
        Field::column("created", TIME),
        Field::column("last_update", TIME).filled(),
        TAGS_FIELD,
        SYSTEM_TAGS_FIELD,
        Field::column("default_output_destination", TEXT),
        Field::column("parent", Shape::Reference(&PROJECT)),
        Field::column("path", STRINGS).at(Stored::Ancestors).or(Missing::List).hide(),
        Field::column("featured", INTEGER),
        Field::column("logo_url", TEXT),
        Field::column("logo_blob", TEXT).hide(),
    ],
    patterns: &["name", "basename", "description"],
    lists: &["tags", "system_tags", "id", "parent", "path"],
    exact: &[],
    ranges: &["last_update"],
    datetimes: &[],
    natural: &[],
    escaped: &[],
    renamed: &[],
    hidden: Hidden::Tagged,
    text: Some(TextIndex { table: "project_text", weights: &[10.0, 10.0, 10.0] }),
    old_system_tags: &["archived", "public", "default"],
    shown_by_id: &["path", "company_origin", "logo_blob"],
};

/// Queues.
pub static QUEUE: Collection = Collection {
    entity: Entity::Queue,
    table: "queue",
    fields: &[
        ID,
        NAME,
        Field::column("display_name", TEXT),
        COMPANY_FIELD,
        Field::column("created", TIME),
        Field::column("last_update", TIME).filled(),
        TAGS_FIELD,
        SYSTEM_TAGS_FIELD,
        Field::column(
            "entries",
            Shape::Each(&[Field::inside("task", Shape::Reference(&TASK)), Field::inside("added", TIME)]),
        )
        .at(Stored::Entries)
        .or(Missing::List),
        Field::column("metadata", Shape::Map(&METADATA_ITEM)).at(Stored::Metadata).or(Missing::Object),
        Field::column(
            "resources",
            Shape::Object(&[Field::inside("cpu_usage", REAL), Field::inside("gpu_usage", REAL)]),
        ),
    ],
    patterns: &["name"],
    lists: &["tags", "system_tags", "id", "metadata.*"],
    exact: &[],
    ranges: &[],
    datetimes: &[],
    natural: &["metadata."],
    escaped: &[("metadata", 2, 3)],
    renamed: &[],
    hidden: Hidden::Configured,
    text: None,
    old_system_tags: &["default"],
    shown_by_id: &[],
};

/// Profiles of people.
pub static USER: Collection = Collection {
    entity: Entity::User,
    table: "user",
    fields: &[
        ID,
        COMPANY_FIELD,
        NAME,
        Field::column("given_name", TEXT),
        Field::column("family_name", TEXT),
        Field::column("avatar", TEXT),
        Field::column("created", TIME),
        Field::column("created_in_version", TEXT),
        Field::column("preferences", MAP).or(Missing::Object).hide(),
    ],
    patterns: &["name"],
    lists: &["id"],
    exact: &[],
    ranges: &[],
    datetimes: &[],
    natural: &[],
    escaped: &[],
    renamed: &[],
    hidden: Hidden::Nothing,
    text: None,
    old_system_tags: &[],
    shown_by_id: &[],
};

/// Tenants, as far as documents refer to them.
pub static COMPANY: Collection = Collection {
    entity: Entity::Company,
    table: "company",
    fields: &[ID, NAME],
    patterns: &[],
    lists: &[],
    exact: &[],
    ranges: &[],
    datetimes: &[],
    natural: &[],
    escaped: &[],
    renamed: &[],
    hidden: Hidden::Nothing,
    text: None,
    old_system_tags: &[],
    shown_by_id: &[],
};
