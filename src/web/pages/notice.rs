//! What the last action did, told on the page that follows it. The sentence travels in a cookie that the next page
//! takes away again, so that reloading neither repeats the action nor the sentence.

use crate::{
    types::{ApiError, ErrorKind, Result},
    web::{
        PageReply, PageRequest,
        view::{
            address::encode,
            shell::{Notice, Tone},
        },
    },
};

/// Name of the cookie.
pub(in crate::web) const COOKIE: &str = "roundhouse-notice";

/// Browsers keep 4096 bytes of a cookie; encoded, a character may take nine.
const MOST: usize = 400;

/// The reply, with a sentence for the page that it leads to.
pub(super) fn telling(reply: PageReply, tone: Tone, title: &str, text: &str) -> PageReply {
    let key = match tone {
        Tone::Ok => "ok",
        Tone::Wait => "wait",
        Tone::Bad => "bad",
    };
    let cut = |text: &str| text.replace('\n', " ").chars().take(MOST / 2).collect::<String>();
    reply.cookie(COOKIE, encode(&format!("{key}\n{}\n{}", cut(title), cut(text))), false)
}

/// What a refusal means, as one sentence.
pub(super) fn sentence(error: &ApiError) -> String {
    match error.detail() {
        "" => format!("{}.", error.kind().sentence()),
        detail => format!("{}: {detail}.", error.kind().sentence()),
    }
}

/// A second press of the same button leads to where the first one led; other refusals are told there.
pub(super) fn done<T>(
    outcome: Result<T>,
    to: String,
    told: impl FnOnce(T) -> (Tone, String, String),
) -> Result<PageReply> {
    match outcome {
        Ok(value) => {
            let (tone, title, text) = told(value);
            Ok(telling(PageReply::see_other(to), tone, &title, &text))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(to)),
        Err(error) if error.kind().code() >= 500 => Err(error),
        Err(error) => {
            Ok(telling(PageReply::see_other(to), Tone::Bad, "Nothing was changed.", &sentence(&error)))
        }
    }
}

/// The sentence that the last action left.
pub(in crate::web) fn told(request: &PageRequest) -> Option<Notice> {
    let mut parts = request.notice.as_deref().filter(|_| request.is_get)?.splitn(3, '\n');
    let tone = match parts.next()? {
        "ok" => Tone::Ok,
        "wait" => Tone::Wait,
        "bad" => Tone::Bad,
        _ => return None,
    };
    let mut text = || parts.next().unwrap_or_default().chars().take(MOST).collect::<String>();
    Some(Notice { tone, title: text(), text: text() })
}

/// Takes the sentence away when the page has shown it.
pub(super) fn spent(request: &PageRequest, reply: PageReply) -> PageReply {
    let shown = request.is_get && request.notice.is_some() && reply.status == 200 && reply.stream.is_none();
    if shown && reply.content_type.starts_with("text/html") { reply.cookie(COOKIE, "", false) } else { reply }
}
