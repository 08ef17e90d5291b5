//! Tenants: list, new, settings, delete.

use serde_json::{Value, json};

use crate::{
    config::settings::organization::FEATURES,
    domain::{
        Ctx,
        client_config::ClientConfig,
        identity::doors,
        tenants::{self, NewTenant, TenantAdmin, Wanted},
    },
    store::{Scope, tenants::Resources},
    types::{ApiError, CompanyId, ErrorKind, Json, Result},
    web::{
        PageReply, PageRequest,
        pages::{
            notice::{sentence, telling},
            page, perform, shell,
        },
        view::{
            admin::tenants::{FeatureRow, NewTenant as NewPage, TenantMade, TenantPage, TenantRow, Tenants},
            confirm::Confirm,
            shell::Tone,
        },
    },
};

const HERE: &str = "/admin/tenants";

pub(super) fn route(ctx: &Ctx<'_>, request: &PageRequest, rest: &[&str]) -> Result<PageReply> {
    match (request.is_get, rest) {
        (true, []) => list(ctx, request),
        (true, ["new"]) => new(ctx, request, String::new()),
        (false, ["new"]) => create(ctx, request),
        (true, [id]) => settings(ctx, request, id, String::new()),
        (false, [id]) => save(ctx, request, id),
        (false, [id, "domains"]) => save_domains(ctx, request, id),
        (false, [id, "credentials"]) => credentials(ctx, request, id),
        (true, [id, "delete"]) => ask_to_delete(ctx, request, id, String::new()),
        (false, [id, "delete"]) => delete(ctx, request, id),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

/// What a refusal means, as one sentence; anything else goes on as it is.
pub(super) fn refusal(error: ApiError) -> Result<String> {
    match error.kind().code() {
        400 | 403 if error.kind() != ErrorKind::InvalidId => Ok(sentence(&error)),
        _ => Err(error),
    }
}

/// Addresses or domains that were typed: one a line, or with commas or blanks between them.
pub(super) fn typed_list(text: &str) -> Vec<String> {
    text.split([',', ';', '\n', '\r', ' ', '\t']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn number(defaults: &Json, key: &str) -> Option<u64> {
    defaults.get(key)?.as_u64()
}

fn row(
    ctx: &Ctx<'_>,
    id: &CompanyId,
    name: &str,
    admins: Vec<String>,
    is_default: bool,
) -> Result<(TenantRow, Resources)> {
    let held = perform(ctx, "tenants.get_tenant_resources", |ctx| tenants::resources(ctx, id.as_str()))?;
    let (company, _) = perform(ctx, "system.company_info", |ctx| tenants::company_info(ctx, id.as_str()))?;
    let people = ctx.read(|snapshot| snapshot.people_count(id))?;
    let row = TenantRow {
        id: id.to_string(),
        name: name.to_owned(),
        admins,
        people,
        most: number(&company.defaults, "allowed_users"),
        tasks: held.tasks + held.reports + held.datasets,
        running: held.running_tasks,
        workers: held.workers,
        bytes: held.bytes,
        is_default,
    };
    Ok((row, held))
}

fn list(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let mut rows = Vec::new();
    for tenant in perform(ctx, "tenants.get_tenants", tenants::tenants)? {
        rows.push(row(ctx, &tenant.id, &tenant.name, tenant.admin_emails, tenant.is_default)?.0);
    }
    let all = perform(ctx, "system.get_companies", |ctx| tenants::find(ctx, &Wanted::default()))?;
    let leaving = all.into_iter().filter(|listed| !listed.company.active).map(|listed| listed.company.name);
    page!(request, Tenants { shell: shell(ctx, request, HERE), tenants: rows, leaving: leaving.collect() })
}

fn new(ctx: &Ctx<'_>, request: &PageRequest, error: String) -> Result<PageReply> {
    perform(ctx, "tenants.get_tenants", |_| Ok(()))?;
    let refused = !error.is_empty();
    let field = |name: &str| request.field(name).to_owned();
    let page = NewPage {
        shell: shell(ctx, request, HERE),
        name: field("name"),
        domain: field("domain"),
        admins: field("admins"),
        most: field("most"),
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

/// The answer to the form is the page with the secret: it exists once, and nothing keeps it.
fn create(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let most = request.field("most").trim();
    let max_users = match most.parse::<i64>() {
        _ if most.is_empty() => None,
        Ok(number) => Some(number),
        Err(_) => return new(ctx, request, "The number of people must be a whole number.".to_owned()),
    };
    let asked = NewTenant {
        name: request.field("name").to_owned(),
        domain: Some(request.field("domain").to_owned()),
        admin_emails: typed_list(request.field("admins")),
        max_users,
        max_service_users: None,
    };
    match perform(ctx, "tenants.create_tenant", |ctx| tenants::create_with_admin(ctx, &asked)) {
        Ok((made, admin)) => shown(ctx, request, made.id.as_str(), asked.name.trim(), admin),
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(HERE)),
        Err(error) => new(ctx, request, refusal(error)?),
    }
}

fn shown(
    ctx: &Ctx<'_>,
    request: &PageRequest,
    id: &str,
    name: &str,
    admin: TenantAdmin,
) -> Result<PageReply> {
    let conf = ClientConfig {
        urls: &ctx.app.urls,
        access_key: &admin.access_key,
        secret_key: &admin.secret_key,
        ca_bundle: ctx.app.ca_bundle.as_deref(),
    }
    .to_string();
    let page = TenantMade {
        shell: shell(ctx, request, HERE),
        id: id.to_owned(),
        name: name.to_owned(),
        access_key: admin.access_key,
        secret_key: admin.secret_key.expose().clone(),
        conf,
    };
    PageReply::with_status(200, &page)
}

fn credentials(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let (company, _) = perform(ctx, "system.company_info", |ctx| tenants::company_info(ctx, id))?;
    match perform(ctx, "tenants.add_tenant_admin_credentials", |ctx| tenants::add_admin_credentials(ctx, id))
    {
        Ok(admin) => shown(ctx, request, id, &company.name, admin),
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(of(id))),
        Err(error) => Err(error),
    }
}

fn of(id: &str) -> String {
    format!("{HERE}/{id}")
}

fn choice(defaults: &Json, feature: &str) -> &'static str {
    let lists = |key: &str| {
        let listed = defaults.get(key).and_then(Value::as_array);
        listed.is_some_and(|names| names.iter().any(|name| name == feature))
    };
    match (lists("exclude_features"), lists("features")) {
        (true, _) => "off",
        (false, true) => "on",
        (false, false) => "server",
    }
}

fn settings(ctx: &Ctx<'_>, request: &PageRequest, id: &str, error: String) -> Result<PageReply> {
    let (company, _) = perform(ctx, "system.company_info", |ctx| tenants::company_info(ctx, id))?;
    let is_default = company.id.as_str() == ctx.app.settings.apiserver.default_company;
    let admins = ctx.read(|snapshot| snapshot.admin_emails(&company.id))?;
    let (row, held) = row(ctx, &company.id, &company.name, admins, is_default)?;
    let domains = perform(ctx, "system.company_info", |ctx| doors::domains_of(ctx, &company.id))?;
    let text =
        |key: &str| number(&company.defaults, key).map(|number| number.to_string()).unwrap_or_default();
    let server = &ctx.app.settings.services.organization.features;
    let page = TenantPage {
        shell: shell(ctx, request, HERE),
        row,
        models: held.models,
        queues: held.queues,
        files: held.files,
        open_domains: domains.iter().filter(|domain| doors::is_free_mail(domain)).cloned().collect(),
        domains: domains.join("\n"),
        allowed_users: text("allowed_users"),
        allowed_service_users: text("allowed_service_users"),
        service_admins: company.defaults.get("allow_service_user_admins") == Some(&Value::Bool(true)),
        features: FEATURES
            .iter()
            .map(|(name, _)| FeatureRow {
                name: (*name).to_owned(),
                on_server: server.get(*name) == Some(&true),
                choice: choice(&company.defaults, name),
            })
            .collect(),
        error,
    };
    if page.error.is_empty() { page!(request, page) } else { PageReply::with_status(422, &page) }
}

fn save(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let quota = |key: &str| match request.field(key).trim() {
        "" => Value::Null,
        text => text.into(),
    };
    let chosen = |wanted: &str| -> Vec<&str> {
        let names = FEATURES.iter().map(|(name, _)| *name);
        names.filter(|name| request.field(&format!("feature-{name}")) == wanted).collect()
    };
    let sent = json!({
        "allowed_users": quota("allowed_users"),
        "allowed_service_users": quota("allowed_service_users"),
        "allow_service_user_admins": !request.field("service_admins").is_empty(),
        "features": chosen("on"),
        "exclude_features": chosen("off"),
    });
    let sent = sent.as_object().cloned().unwrap_or_default();
    match perform(ctx, "system.update_company_settings", |ctx| tenants::update(ctx, id, &sent)) {
        Ok(_) => {
            Ok(telling(PageReply::see_other(of(id)), Tone::Ok, "Saved.", "It applies to the next request."))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(of(id))),
        Err(error) => settings(ctx, request, id, refusal(error)?),
    }
}

fn save_domains(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let domains = typed_list(request.field("domains"));
    let tenant = CompanyId::from(id);
    match perform(ctx, "pages.tenant_domains", |ctx| doors::set_domains_of(ctx, &tenant, &domains)) {
        Ok(()) => {
            let text = "It applies to whoever signs in for the first time from now on.";
            Ok(telling(PageReply::see_other(of(id)), Tone::Ok, "Domains saved.", text))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(of(id))),
        Err(error) => settings(ctx, request, id, refusal(error)?),
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn ask_to_delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str, error: String) -> Result<PageReply> {
    let (company, _) = perform(ctx, "system.company_info", |ctx| tenants::company_info(ctx, id))?;
    let held = perform(ctx, "tenants.get_tenant_resources", |ctx| tenants::resources(ctx, id))?;
    let people = ctx.app.store.read(&Scope::server(), |snapshot| snapshot.people_count(&company.id))?;
    let mut points = vec![
        format!("{} lose access at once", counted(people, "person", "people")),
        format!(
            "{}, {}, {} and {} with everything they reported",
            counted(held.tasks, "task", "tasks"),
            counted(held.datasets, "dataset", "datasets"),
            counted(held.reports, "report", "reports"),
            counted(held.models, "model", "models")
        ),
        format!(
            "{} on this server, {}",
            counted(held.files, "file", "files"),
            crate::web::render::number::size(held.bytes)
        ),
        "files in storages elsewhere stay where they are".to_owned(),
    ];
    if held.running_tasks + held.workers > 0 {
        points.insert(
            0,
            format!(
                "{} running on {}: they are cut off",
                counted(held.running_tasks, "task is", "tasks are"),
                counted(held.workers, "worker", "workers")
            ),
        );
    }
    let refused = !error.is_empty();
    let page = Confirm {
        shell: shell(ctx, request, HERE),
        title: format!("Delete the tenant {}?", company.name),
        text: "Everything in it goes, and this can't be undone:".to_owned(),
        points,
        fields: Vec::new(),
        typed: company.name.clone(),
        action: format!("{}/delete", of(id)),
        submit: "Delete the tenant".to_owned(),
        danger: true,
        back: of(id),
        error,
    };
    if refused { PageReply::with_status(422, &page) } else { page!(request, page) }
}

fn delete(ctx: &Ctx<'_>, request: &PageRequest, id: &str) -> Result<PageReply> {
    let typed = request.field("typed");
    match perform(ctx, "tenants.delete_tenant", |ctx| tenants::delete(ctx, id, typed, true)) {
        Ok(_) => {
            let text = "Nobody of it gets in any more. What it held is being removed.";
            Ok(telling(PageReply::see_other(HERE), Tone::Ok, "Tenant deleted.", text))
        }
        Err(error) if error.kind() == ErrorKind::FormRepeated => Ok(PageReply::see_other(HERE)),
        Err(error) => ask_to_delete(ctx, request, id, refusal(error)?),
    }
}
