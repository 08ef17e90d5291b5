//! `/admin/audit`: what was done, by whom, from where.

use serde_json::Value;

use crate::{
    domain::{
        Ctx,
        audit::{self, LogEntry, LogQuery, Page},
    },
    store::calls::{Filter, Source},
    types::{ErrorKind, Millis, Result},
    web::{
        PageReply, PageRequest,
        pages::{notice, page, perform, shell},
        render::time::When,
        view::{
            admin::audit::{AuditLog, AuditRow, Choice, Chosen, Fact, Next, Reading, Verified},
            kit::Person,
            shell::Tone,
        },
    },
};

/// Rows of a page.
const ROWS: u64 = 100;
/// Bars of the strip.
const BARS: usize = 96;
/// Spans of time: key, word, seconds (none: everything that is kept).
const SPANS: [(&str, &str, Option<i64>); 5] = [
    ("1h", "Last hour", Some(3_600)),
    ("24h", "Last 24 h", Some(86_400)),
    ("7d", "Last 7 days", Some(7 * 86_400)),
    ("30d", "Last 30 days", Some(30 * 86_400)),
    ("all", "Everything", None),
];
const USUAL_SPAN: &str = "24h";
/// Results: key, word, codes (none: all that were refused or failed).
const RESULTS: [(&str, &str, &[i64]); 5] = [
    ("refused", "Refused or failed", &[]),
    ("200", "200 done", &[200]),
    ("401", "401 not signed in", &[401]),
    ("403", "403 not allowed", &[403]),
    ("400", "400 wrong request", &[400]),
];

/// What the address asks for; unknown keys and values are left out.
fn chosen(request: &PageRequest) -> Chosen {
    let arg = |key: &str| {
        let text: String = request.arg(key).unwrap_or_default().trim().chars().take(200).collect();
        text
    };
    let known = |key: &str, known: &[&str]| Some(arg(key)).filter(|text| known.contains(&text.as_str()));
    let moment = |key: &str| Millis::parse_lenient(&arg(key)).map(|at| When(at.0));
    Chosen {
        q: arg("q"),
        span: known("span", &SPANS.map(|span| span.0)).unwrap_or_else(|| USUAL_SPAN.to_owned()),
        from: moment("from"),
        to: moment("to"),
        user: arg("user"),
        actor: arg("actor"),
        call: arg("call"),
        result: known("result", &RESULTS.map(|result| result.0)).unwrap_or_default(),
        ip: arg("ip"),
        task: arg("task"),
        after: arg("after"),
    }
}

fn query(ctx: &Ctx<'_>, chosen: &Chosen) -> LogQuery {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let list = |text: &String| some(text).into_iter().collect();
    let span = SPANS.iter().find(|span| span.0 == chosen.span).and_then(|span| span.2);
    let since = span.map(|seconds| ctx.call.received.plus_seconds(-seconds));
    let codes = RESULTS.iter().find(|result| result.0 == chosen.result).map_or(&[][..], |result| result.2);
    LogQuery {
        company: None,
        oldest_first: false,
        filter: Filter {
            companies: None,
            from: chosen.from.map(|at| Millis(at.0)).or(since.filter(|_| chosen.to.is_none())),
            to: chosen.to.map(|at| Millis(at.0)),
            users: list(&chosen.user),
            actors: list(&chosen.actor),
            endpoints: chosen.call.split_whitespace().take(20).map(str::to_owned).collect(),
            codes: codes.to_vec(),
            ips: list(&chosen.ip),
            object: some(&chosen.task),
            search: some(&chosen.q),
            refused: chosen.result == "refused",
        },
    }
}

pub(super) fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let chosen = chosen(request);
    let mut query = query(ctx, &chosen);
    // The next page is one of the same list: its address names the times that this one reaches from and to.
    query.filter.to.get_or_insert(ctx.call.received);
    let [begin, end] = [query.filter.from, query.filter.to].map(|time| time.map(|at| When(at.0)));
    let open = request.arg("open").unwrap_or_default();
    let after = Some(chosen.after.clone()).filter(|after| !after.is_empty());
    let scroll = Page::Scroll { id: after, size: ROWS };
    let found = perform(ctx, "audit.get_log", |ctx| {
        match audit::find(ctx, &query, &scroll) {
            // A page of a list that has moved on begins anew.
            Err(error) if error.kind() == ErrorKind::InvalidScrollId => {
                audit::find(ctx, &query, &Page::Scroll { id: None, size: ROWS })
            }
            found => found,
        }
    })?;
    let (filters, status) =
        perform(ctx, "audit.get_filters", |ctx| Ok((audit::filters(ctx, None)?, audit::status(ctx)?)))?;
    let since = status.pointer("/store/since").and_then(Value::as_str).and_then(Millis::parse_lenient);
    let to = query.filter.to.unwrap_or(ctx.call.received);
    let from = query.filter.from.or(since).unwrap_or(Millis(to.0 - 86_400_000));
    let volume = perform(ctx, "audit.get_status", |ctx| audit::volume(ctx, &query, from, to, BARS))?;
    let choices = |values: &Value| -> Vec<Choice> {
        let items = values.as_array().into_iter().flatten();
        items
            .filter_map(|item| {
                let key = item.get("id").unwrap_or(item).as_str()?.to_owned();
                let word = item.get("name").and_then(Value::as_str).unwrap_or(&key).to_owned();
                Some(Choice { key, word })
            })
            .collect()
    };
    let rows: Vec<AuditRow> = found.entries.iter().map(|entry| row(entry, &open)).collect();
    let log = ctx.app.calls.get();
    page!(
        request,
        AuditLog {
            shell: shell(ctx, request, "/admin/audit"),
            users: choices(filters.get("users").unwrap_or(&Value::Null)),
            calls: choices(filters.get("endpoints").unwrap_or(&Value::Null)),
            spans: SPANS.map(|(key, word, _)| Choice { key: key.to_owned(), word: word.to_owned() }).to_vec(),
            results: RESULTS
                .map(|(key, word, _)| Choice { key: key.to_owned(), word: word.to_owned() })
                .to_vec(),
            rows,
            total: found.total,
            next: found.scroll_id.map(|after| Next { after, from: begin, to: end }),
            from: When(volume.from.0),
            to: When(volume.to.0),
            bars: volume.buckets.iter().map(|bucket| (bucket.calls, bucket.refused)).collect(),
            verified: log.and_then(|log| log.verified.lock().clone()).map(|last| Verified {
                at: When(last.at.0),
                rows: last.rows(),
                flaw: last.flaw().unwrap_or_default(),
            }),
            dropped: status.get("dropped").and_then(Value::as_u64).unwrap_or_default(),
            kept_days: status.pointer("/store/retention_days").and_then(Value::as_u64).unwrap_or_default(),
            is_on: status.get("enabled") == Some(&Value::Bool(true)),
            chosen,
        }
    )
}

/// Everything that the page's filters let through.
pub(super) fn export(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let query = query(ctx, &chosen(request));
    let lines = perform(ctx, "audit.export", |ctx| audit::export(ctx, &query))?;
    Ok(PageReply {
        status: 200,
        content_type: "application/jsonl; charset=utf-8",
        body: String::new(),
        stream: Some(Box::new(lines)),
        headers: vec![
            ("Content-Disposition", "attachment; filename=audit.jsonl".to_owned()),
            ("Cache-Control", "no-store".to_owned()),
        ],
        cookies: Vec::new(),
    })
}

pub(super) fn verify(ctx: &Ctx<'_>) -> Result<PageReply> {
    let found = perform(ctx, "pages.verify_audit", |ctx| audit::verify(ctx.app))?;
    let reply = PageReply::see_other("/admin/audit");
    Ok(match found.flaw() {
        None => {
            notice::telling(reply, Tone::Ok, "The audit is sound.", "No row was changed, moved or removed.")
        }
        Some(flaw) => notice::telling(reply, Tone::Bad, "The audit was changed or is damaged:", &flaw),
    })
}

fn row(entry: &LogEntry, open: &str) -> AuditRow {
    let row = &entry.row;
    let content = &row.content;
    let text =
        |pointer: &str| content.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let first = |texts: &[String]| texts.iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    let source = if row.position.source == Source::Call { "c" } else { "s" };
    let key = format!("{source}{}", row.position.seq);
    let named =
        |name: &Option<String>, id: &Option<String>| name.clone().or_else(|| id.clone()).unwrap_or_default();
    let who = first(&[
        row.user_name.clone().unwrap_or_default(),
        text("/auth/identity/user_name"),
        row.user.clone().unwrap_or_default(),
    ]);
    let actor = first(&[named(&row.actor_name, &row.actor), text("/auth/actor/user_name")]);
    let objects = content.get("objects").and_then(Value::as_array).cloned().unwrap_or_default();
    let object = objects.first().map(|object| {
        let part = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        (part("kind"), part("id"))
    });
    let tried = first(&[text("/auth/claimed_user_key"), text("/claimed/name")]);
    let is_open = open == key;
    AuditRow {
        at: When(row.position.at.0),
        who: (!who.is_empty()).then(|| Person::named(who)),
        actor,
        call: row.endpoint.clone(),
        object,
        more_objects: objects.len().saturating_sub(1),
        tried,
        remark: first(&[text("/remark")]),
        code: row.code,
        subcode: row.subcode,
        took: content.get("duration").and_then(Value::as_u64),
        ip: row.ip.clone().unwrap_or_default(),
        reading: is_open.then(|| reading(entry)),
        key,
    }
}

/// What an opened row shows.
fn reading(entry: &LogEntry) -> Reading {
    let row = &entry.row;
    let shown = entry.json();
    let text = |pointer: &str| match shown.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let mut facts = Vec::new();
    let mut fact = |name: &'static str, value: String, is_code: bool| {
        if !value.is_empty() {
            facts.push(Fact { name, value, is_code });
        }
    };
    fact("Result", format!("{}/{} {}", row.code, row.subcode, text("/result/msg")).trim().to_owned(), false);
    fact("Call id", row.call_id.clone(), true);
    fact("Tenant", row.company_name.clone().unwrap_or_else(|| row.company.clone()), false);
    fact("Role", text("/auth/identity/role"), false);
    fact("Signed in by", text("/auth/type"), false);
    fact("Access key", text("/auth/user_key"), true);
    fact("Session", text("/auth/session_id"), true);
    let client = |name: &str| text(&format!("/headers/claimed/{name}"));
    fact(
        "Client, as claimed",
        [client("x-clearml-client"), text("/note/claimed/client"), client("user-agent")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        false,
    );
    fact(
        "Worker, as claimed",
        [client("x-clearml-worker"), text("/note/claimed/worker")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        false,
    );
    let chain = match row.position.source {
        Source::Call => "Chain of calls",
        Source::Security => "Security chain",
    };
    fact(chain, format!("#{} {}", row.position.seq, text("/chain")), true);
    if let Some((seq, _, _)) = &row.security {
        fact("Security chain", format!("#{seq} {}", text("/security/chain")), true);
    }
    let recorded = match (shown.get("data"), shown.get("result_data"), shown.get("note")) {
        (None, None, None) => String::new(),
        (data, result, note) => {
            let parts = [("request", data), ("answer", result), ("note", note)];
            let kept: serde_json::Map<String, Value> =
                parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.clone()))).collect();
            serde_json::to_string_pretty(&kept).unwrap_or_default()
        }
    };
    let objects = shown.get("objects").and_then(Value::as_array).into_iter().flatten();
    Reading {
        facts,
        objects: objects
            .map(|object| {
                let part = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                (part("kind"), part("id"))
            })
            .collect(),
        recorded,
    }
}
