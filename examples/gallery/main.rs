//! Serves every page with made-up data, for looking at them while they are designed: `cargo run --example gallery`
//! prints the address. `tests/pages/look.mjs` takes its pictures here.

mod data;
mod task;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use askama::Template;
use roundhouse::web::render::time::When;
use roundhouse::web::view::{etag, policy};
use roundhouse::web::{assets, view};

/// Both drawings of a page: the document and its `<main>`.
macro_rules! both {
    ($page:expr) => {{
        let page = $page;
        (
            page.render().unwrap_or_else(|e| e.to_string()),
            page.as_main().render().unwrap_or_else(|e| e.to_string()),
        )
    }};
}

fn answer(request: &HttpRequest, (page, main): (String, String)) -> HttpResponse {
    let is_fragment = request.headers().get("HX-Target").is_some_and(|target| target == "main");
    let html = if is_fragment { main } else { page };
    let tag = etag(&html);
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified().finish();
    }
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::ETAG, tag))
        .insert_header((header::VARY, "HX-Request, HX-Target"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy::PAGE))
        .body(html)
}

async fn page(request: HttpRequest) -> HttpResponse {
    let query = request.query_string().to_owned();
    let path = request.path().to_owned();
    let shell = data::shell(&query);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let drawn = match parts.as_slice() {
        [] => both!(data::home(shell, query.contains("new"))),
        ["login"] => {
            let page = data::login(&query).render().unwrap_or_else(|e| e.to_string());
            (page.clone(), page)
        }
        ["projects"] => both!(data::projects(shell, &query)),
        ["projects", _] => both!(data::project(shell)),
        ["projects", id, "tasks"] => both!(data::tasks(shell, id, &query)),
        ["tasks", id] => both!(task::overview(shell, id)),
        ["tasks", id, "execution"] => both!(task::execution(shell, id)),
        ["tasks", id, "configuration"] => both!(task::configuration(shell, id, &query)),
        ["tasks", id, "artifacts"] => both!(task::artifacts(shell, id)),
        ["tasks", id, "console"] => both!(task::console(shell, id, &query)),
        ["tasks", id, "scalars"] => both!(task::scalars(shell, id, &query)),
        ["tasks", id, "plots"] => both!(task::plots(shell, id)),
        ["tasks", id, "samples"] => both!(task::samples(shell, id)),
        ["tasks", id, "trail"] => both!(task::trail(shell, id)),
        ["tasks", _, "abort" | "delete" | "clone" | "enqueue"]
        | ["me", "keys", _, "revoke"]
        | ["bulk", _] => {
            both!(data::confirm(shell, &path))
        }
        ["me"] => both!(data::profile(shell)),
        ["me", "keys"] if request.method() == "POST" || query.contains("created") => {
            both!(data::key_created(shell))
        }
        ["me", "keys"] => both!(data::keys(shell, query.contains("none"))),
        ["me", "preferences"] => both!(view::me::Preferences { shell }),
        ["failed"] => both!(view::error::ErrorPage::failed(shell, 500, "b81f02c4")),
        ["off"] => both!(view::error::ErrorPage::feature_off(shell, "Reports", "b81f02c4")),
        _ => both!(view::error::ErrorPage::not_found(shell, "4b7d0e61c2f84d5f")),
    };
    answer(&request, drawn)
}

async fn points(request: HttpRequest) -> HttpResponse {
    let json = task::chart_data(request.query_string());
    let tag = etag(&json);
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified().finish();
    }
    HttpResponse::Ok().content_type("application/json").insert_header((header::ETAG, tag)).body(json)
}

async fn frame(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy::PLOT_FRAME))
        .body(task::frame(request.query_string()).render().unwrap_or_else(|e| e.to_string()))
}

async fn file(path: web::Path<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(task::sample_image(&path))
}

async fn asset(request: HttpRequest) -> HttpResponse {
    let Ok(asset) = assets::find(request.path()) else { return HttpResponse::NotFound().finish() };
    let mut answer = HttpResponse::Ok();
    answer.content_type(asset.content_type).insert_header((header::CACHE_CONTROL, assets::CACHE_CONTROL));
    match asset.gzip {
        Some(gzip) => answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip),
        None => answer.body(asset.bytes),
    }
}

/// The moment at which the made-up world stands still, so that pictures stay comparable.
pub(crate) const NOW: When = When(1_795_529_640_000);

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0_u16);
    let server = HttpServer::new(|| {
        App::new()
            .route("/static/{name}", web::get().to(asset))
            .route("/files/{path:.*}", web::get().to(file))
            .route("/tasks/{id}/scalars/data", web::get().to(points))
            .route("/tasks/{id}/plots/frame", web::get().to(frame))
            .default_service(web::to(page))
    })
    .workers(1)
    .bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("http://{address}/");
    }
    server.run().await
}
