//! DELETE of a file, and POST /delete_many (spec/files.md 2.4 and 2.5).

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::{FilesState, http::blocking, reply, upload};
use crate::{
    domain::{
        Call, Caller, Ctx,
        files::{FilePath, Outcome},
    },
    types::{ApiError, ErrorKind, Result},
};

/// So many paths may come in one request (S24).
const MOST_PATHS: usize = 10_000;

/// Deletes one file; the answer is its path.
pub(super) async fn one(
    state: &FilesState,
    caller: Caller,
    call: Call,
    path: FilePath,
) -> Result<HttpResponse> {
    let (app, files) = (Arc::clone(&state.app), Arc::clone(&state.files));
    let path = blocking(move || files.delete(&Ctx::new(&app, caller, call), &path).map(|()| path)).await?;
    Ok(reply::json(&path.as_str()))
}

/// Deletes files and directories; the answer says of each path what became of it.
pub(super) async fn many(
    payload: &mut Option<web::Payload>,
    state: &FilesState,
    caller: Caller,
    call: Call,
) -> Result<HttpResponse> {
    let most = usize::try_from(state.app.settings.apiserver.request.max_body_bytes).unwrap_or(usize::MAX);
    let body = upload::read_all(payload, most).await?;
    let (app, files) = (Arc::clone(&state.app), Arc::clone(&state.files));
    let outcome = blocking(move || {
        let paths = paths(&body)?;
        files.delete_many(&Ctx::new(&app, caller, call), &paths)
    })
    .await?;
    Ok(reply::json(&shape(outcome)))
}

fn paths(body: &[u8]) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Body {
        files: Vec<String>,
    }
    let wrong = || {
        let text = r#"send a JSON object like {"files": ["path/to/file"]}"#;
        ApiError::new(ErrorKind::BadRequest, text)
    };
    let Body { files } = serde_json::from_slice(body).map_err(|_| wrong())?;
    match files.len() {
        0 => Err(wrong()),
        1..=MOST_PATHS => Ok(files),
        _ => {
            let text = format!(
                "at most {MOST_PATHS} paths can be deleted at once; send the rest in another request"
            );
            Err(ApiError::new(ErrorKind::BadRequest, text))
        }
    }
}

fn shape(outcome: Outcome) -> Value {
    let deleted: Map<String, Value> =
        outcome.deleted.into_iter().map(|(sent, path)| (sent, Value::String(path))).collect();
    json!({"deleted": deleted, "errors": outcome.errors})
}
