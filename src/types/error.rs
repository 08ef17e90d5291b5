//! The one error type: a value with ClearML's code and subcode and a sentence for a person.

use std::fmt;

use serde_json::{Map, Value};

/// Result of everything a face can call.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($name:ident = $code:literal / $subcode:literal, $wire:literal, $text:literal;)*) => {
        /// What went wrong, one variant per code and subcode of the protocol
        /// (spec/errors.json and the additions named in spec/governance.md 15).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorKind {
            $(#[doc = concat!("`", stringify!($code), "/", stringify!($subcode), "` ", $wire, ".")] $name,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name,)*];

            /// Result code; equals the HTTP status.
            pub const fn code(self) -> u16 {
                match self { $(ErrorKind::$name => $code,)* }
            }

            /// Result subcode.
            pub const fn subcode(self) -> u16 {
                match self { $(ErrorKind::$name => $subcode,)* }
            }

            /// The protocol's name of the error.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorKind::$name => $wire,)* }
            }

            /// The standard sentence that opens every message of this kind.
            pub const fn sentence(self) -> &'static str {
                match self { $(ErrorKind::$name => $text,)* }
            }
        }
    };
}

kinds! {
    MovedNotSupported = 301/1, "not_supported", "This call has moved";
    BadRequest = 400/0, "bad_request", "The request is not valid";
    NotSupported = 400/1, "not_supported", "This is not supported";
    RequestPathHasInvalidVersion = 400/2, "request_path_has_invalid_version", "The version in the path is not valid";
    InvalidHeaders = 400/5, "invalid_headers", "The request headers contradict each other";
    ImpersonationError = 400/6, "impersonation_error", "Acting as this user is refused";
    InvalidId = 400/10, "invalid_id", "Unknown id";
    MissingRequiredFields = 400/11, "missing_required_fields", "A required field is missing";
    ValidationError = 400/12, "validation_error", "A field has a wrong value";
    FieldsNotAllowedForRole = 400/13, "fields_not_allowed_for_role", "Your role may not set this field";
    InvalidFields = 400/14, "invalid_fields", "Unknown field";
    FieldsConflict = 400/15, "fields_conflict", "Two fields contradict each other";
    FieldsValueError = 400/16, "fields_value_error", "A field has an unusable value";
    BatchContainsNoItems = 400/17, "batch_contains_no_items", "The batch is empty";
    BatchValidationError = 400/18, "batch_validation_error", "A line of the batch is not valid";
    InvalidLuceneSyntax = 400/19, "invalid_lucene_syntax", "The search text is not valid";
    FieldsTypeError = 400/20, "fields_type_error", "A field has a wrong type";
    InvalidRegexError = 400/21, "invalid_regex_error", "The pattern is not a valid regular expression";
    InvalidEmailAddress = 400/22, "invalid_email_address", "This is not an e-mail address";
    InvalidDomainName = 400/23, "invalid_domain_name", "This is not a domain name";
    NotPublicObject = 400/24, "not_public_object", "The object is not public";
    TooManyCredentials = 400/50, "credentials_limit_exceeded", "The number of credentials is limited";
    SsoStateError = 400/52, "sso_state_error", "The sign-in could not be continued";
    SsoProviderError = 400/53, "sso_provider_error", "The identity provider refused the sign-in";
    UserNotAllowed = 400/55, "user_not_allowed", "This person may not sign in here";
    LoginNotRouted = 400/58, "login_not_routed", "No tenant accepts this person";
    UsersLimitExceeded = 400/59, "users_limit_exceeded", "The number of users is limited";
    SsoEmailMissing = 400/67, "sso_email_missing", "The identity provider gave no e-mail address";
    InvalidAccessKey = 400/75, "invalid_access_key", "Unknown access key";
    TenantInactive = 400/86, "tenant_inactive", "The tenant is not active";
    TenantNotAllowed = 400/92, "tenant_not_allowed", "You do not belong to this tenant";
    TaskError = 400/100, "task_error", "The task can't be changed like this";
    InvalidTaskId = 400/101, "invalid_task_id", "Unknown task";
    TaskValidationError = 400/102, "task_validation_error", "The task is not valid";
    InvalidTaskStatus = 400/110, "invalid_task_status", "The task's status does not allow this";
    TaskNotStarted = 400/111, "task_not_started", "The task has not started";
    TaskInProgress = 400/112, "task_in_progress", "The task is running";
    TaskPublished = 400/113, "task_published", "The task is published";
    TaskStatusUnknown = 400/114, "task_status_unknown", "The task's status is unknown";
    InvalidTaskExecutionProgress = 400/120, "invalid_task_execution_progress", "The progress is not valid";
    FailedChangingTaskStatus = 400/121, "failed_changing_task_status", "The task's status changed meanwhile";
    FormRepeated = 409/2, "form_repeated", "This form was sent already";
    MissingTaskFields = 400/122, "missing_task_fields", "The task lacks a needed section";
    TaskCannotBeDeleted = 400/123, "task_cannot_be_deleted", "The task can't be deleted";
    TaskHasJobsRunning = 400/125, "task_has_jobs_running", "The task has jobs running";
    InvalidTaskType = 400/126, "invalid_task_type", "The task has the wrong type";
    InvalidTaskInput = 400/127, "invalid_task_input", "The task's input is not valid";
    InvalidTaskOutput = 400/128, "invalid_task_output", "The task's output is not valid";
    TaskPublishInProgress = 400/129, "task_publish_in_progress", "The task is being published";
    TaskNotFound = 400/130, "task_not_found", "No such task";
    EventsNotAdded = 400/131, "events_not_added", "No event was stored";
    OperationSupportedOnReportsOnly = 400/150, "operation_supported_on_reports_only", "This works on reports only";
    CannotRemoveAllRuns = 400/160, "cannot_remove_all_runs", "The last run can't be removed";
    ModelError = 400/200, "model_error", "The model can't be changed like this";
    InvalidModelId = 400/201, "invalid_model_id", "Unknown model";
    ModelNotReady = 400/202, "model_not_ready", "The model is not published";
    ModelIsReady = 400/203, "model_is_ready", "The model is published";
    InvalidModelUri = 400/204, "invalid_model_uri", "The model's address is not valid";
    ModelInUse = 400/205, "model_in_use", "The model is in use";
    ModelCreatingTaskExists = 400/206, "model_creating_task_exists", "The task that made the model still exists";
    InvalidUser = 400/300, "invalid_user", "Unknown user or key";
    InvalidUserId = 400/301, "invalid_user_id", "Unknown user";
    UserIdExists = 400/302, "user_id_exists", "A user with this id exists";
    InvalidPreferencesUpdate = 400/305, "invalid_preferences_update", "The preferences can't be changed like this";
    InvalidProjectId = 400/401, "invalid_project_id", "Unknown project";
    ProjectHasTasks = 400/402, "project_has_tasks", "The project has tasks";
    ProjectNotFound = 400/403, "project_not_found", "No such project";
    ProjectHasModels = 400/405, "project_has_models", "The project has models";
    ProjectHasDatasets = 400/406, "project_has_datasets", "The project has datasets";
    InvalidProjectName = 400/407, "invalid_project_name", "The project name is not valid";
    CannotUpdateProjectLocation = 400/408, "cannot_update_project_location", "The project can't be moved by renaming it";
    ProjectPathExceedsMax = 400/409, "project_path_exceeds_max", "The project is nested too deep";
    ProjectSourceAndDestinationAreTheSame = 400/410, "project_source_and_destination_are_the_same", "Source and destination are the same";
    ProjectCannotBeMovedUnderItself = 400/411, "project_cannot_be_moved_under_itself", "A project can't be moved under itself";
    ProjectCannotBeMergedIntoItsChild = 400/412, "project_cannot_be_merged_into_its_child", "A project can't be merged into its child";
    ProjectHasPipelines = 400/413, "project_has_pipelines", "The project has pipelines";
    PublicProjectExists = 400/414, "public_project_exists", "A public project has this name";
    InvalidQueueId = 400/701, "invalid_queue_id", "Unknown queue";
    QueueNotEmpty = 400/702, "queue_not_empty", "The queue is not empty";
    InvalidQueueOrTaskNotQueued = 400/703, "invalid_queue_or_task_not_queued", "The task is not in this queue";
    RemovedDuringReposition = 400/704, "removed_during_reposition", "The task left the queue meanwhile";
    FailedAddingDuringReposition = 400/705, "failed_adding_during_reposition", "The task could not be moved";
    TaskAlreadyQueued = 400/706, "task_already_queued", "The task is in this queue already";
    NoDefaultQueue = 400/707, "no_default_queue", "There is no default queue";
    MultipleDefaultQueues = 400/708, "multiple_default_queues", "Several queues are marked as default";
    DataValidationError = 400/800, "data_validation_error", "The data is not valid";
    ExpectedUniqueData = 400/801, "expected_unique_data", "This value is taken already";
    InvalidWorkerId = 400/1001, "invalid_worker_id", "Unknown worker";
    WorkerRegistrationFailed = 400/1002, "worker_registration_failed", "The worker could not be registered";
    WorkerRegistered = 400/1003, "worker_registered", "The worker is registered already";
    WorkerNotRegistered = 400/1004, "worker_not_registered", "The worker is not registered";
    WorkerStatsNotFound = 400/1005, "worker_stats_not_found", "No statistics for this worker";
    InvalidContainerId = 400/1050, "invalid_container_id", "Unknown container";
    ContainerNotRegistered = 400/1051, "container_not_registered", "The container is not registered";
    NoContainersForUrl = 400/1052, "no_containers_for_url", "No container serves this address";
    InvalidScrollId = 400/1104, "invalid_scroll_id", "The scroll id is unknown or has expired";
    Unauthorized = 401/0, "unauthorized", "Not signed in";
    NotAuthorized = 401/1, "not_authorized", "Not authorised";
    EntityNotAllowed = 401/2, "entity_not_allowed", "Not authorised for this object";
    BadAuthType = 401/10, "bad_auth_type", "The Authorization header must start with Basic or Bearer";
    NoCredentials = 401/20, "no_credentials", "No credentials were sent";
    BadCredentials = 401/21, "bad_credentials", "The credentials can't be read";
    InvalidCredentials = 401/22, "invalid_credentials", "The credentials are not valid";
    InvalidToken = 401/30, "invalid_token", "The token is not valid or has expired";
    BlockedToken = 401/31, "blocked_token", "The token is blocked";
    InvalidFixedUser = 401/40, "invalid_fixed_user", "Unknown configured user";
    Forbidden = 403/0, "forbidden", "Not allowed";
    RoutingError = 403/10, "routing_error", "The call can't be routed";
    BlockedInternalEndpoint = 403/12, "blocked_internal_endpoint", "The call is internal";
    RoleNotAllowed = 403/20, "role_not_allowed", "Your role does not allow this call";
    NoWritePermission = 403/21, "no_write_permission", "No write permission on this object";
    FeatureNotEnabled = 403/30, "feature_not_enabled", "This feature is not enabled for you";
    OriginNotAllowed = 403/40, "origin_not_allowed", "This call may not be made from another site";
    NotFound = 404/0, "not_found", "No such call";
    FileNotFound = 404/1, "file_not_found", "There is no such file";
    FileConflict = 409/1, "file_conflict", "A file and a directory can't have the same name";
    Gone = 410/1, "not_supported", "This call is no longer supported";
    UploadTooLarge = 413/0, "upload_too_large", "The upload is too large";
    GeneralError = 500/0, "general_error", "The server failed";
    InternalError = 500/1, "internal_error", "The server failed";
    ConfigError = 500/2, "config_error", "The server's configuration is not valid";
    BuildInfoError = 500/3, "build_info_error", "The server's build information is missing";
    LowDiskSpace = 500/4, "low_disk_space", "The server's disk is full";
    TransactionError = 500/10, "transaction_error", "The server could not complete the change";
    DataError = 500/100, "data_error", "The server could not read its data";
    InconsistentData = 500/101, "inconsistent_data", "The server's data contradict each other";
    DatabaseUnavailable = 500/102, "database_unavailable", "The database is not available";
    UpdateFailed = 500/110, "update_failed", "The change failed";
    MissingIndex = 500/201, "missing_index", "The server lacks an index";
    NotImplemented = 500/9999, "not_implemented", "This is not available";
    Overloaded = 503/0, "overloaded", "The server is busy; the client repeats the call by itself";
    StorageFull = 507/0, "storage_full", "There is no room for this file";
}

/// An error that a person can act on: kind, detail, and structured data for programs.
///
/// The message never holds a secret, a path of the server's disk, or SQL. What only the operator
/// should see goes to the log, where the error arises.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    kind: ErrorKind,
    detail: String,
    data: Map<String, Value>,
}

impl ApiError {
    /// An error with a sentence that says what to do. An empty `detail` leaves the standard sentence alone.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        ApiError(Box::new(Inner { kind, detail: detail.into(), data: Map::new() }))
    }

    /// Adds one value to `meta.error_data` and to the message.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.data.insert(key.to_owned(), value.into());
        self
    }

    /// The kind of this error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The detail sentence without the standard one.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Structured values for programs.
    pub fn data(&self) -> &Map<String, Value> {
        &self.0.data
    }
}

impl From<ErrorKind> for ApiError {
    fn from(kind: ErrorKind) -> Self {
        ApiError::new(kind, "")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.sentence())?;
        if !self.0.detail.is_empty() {
            write!(f, " ({})", self.0.detail)?;
        }
        for (i, (key, value)) in self.0.data.iter().enumerate() {
            f.write_str(if i == 0 { ": " } else { ", " })?;
            match value {
                Value::String(text) => write!(f, "{key}={text}")?,
                Value::Array(items) => {
                    write!(f, "{key}=(")?;
                    for (j, item) in items.iter().enumerate() {
                        if j > 0 {
                            f.write_str(", ")?;
                        }
                        match item {
                            Value::String(text) => f.write_str(text)?,
                            other => write!(f, "{other}")?,
                        }
                    }
                    f.write_str(")")?;
                }
                other => write!(f, "{key}={other}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_joins_sentence_detail_and_data() {
        let error = ApiError::new(ErrorKind::InvalidTaskId, "it may have been deleted")
            .with("id", "abc")
            .with("ids", vec!["a", "b"]);
        assert_eq!(error.to_string(), "Unknown task (it may have been deleted): id=abc, ids=(a, b)");
        assert_eq!((error.kind().code(), error.kind().subcode()), (400, 101));
    }

    #[test]
    fn codes_are_unique_except_where_the_protocol_repeats_them() {
        let mut seen = std::collections::HashSet::new();
        for kind in ErrorKind::ALL {
            assert!(seen.insert((kind.code(), kind.subcode())), "{kind:?}");
        }
    }
}
