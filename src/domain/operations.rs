//! The one table of operations: what may be done, by whom, and how it is audited. Both faces run their use-cases
//! through [`perform`], so that a page's button can never bypass what the API checks.

use super::Ctx;
use crate::{
    store::Lane,
    types::{ApiError, ErrorKind, Result},
};

/// Who may perform an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; credentials are not even looked at.
    Open,
    /// Anybody; credentials are tried, their failure is ignored.
    Optional,
    /// Everybody who signed in.
    SignedIn,
    /// system, root and the tenant's administrators.
    Administrators,
    /// system and root, and the operator in person (spec/governance.md 8; DESIGN.md).
    Operators,
    /// system and root.
    SystemOnly,
}

/// How an operation is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// In the call log, which may overflow.
    Call,
    /// Nowhere: health checks and heartbeats.
    Quiet,
    /// In the security audit: in the request's own transaction, never dropped (S26).
    Security,
}

/// One row of the table.
#[derive(Debug)]
pub struct Operation {
    /// `service.action`.
    pub name: &'static str,
    /// Who may perform it.
    pub access: Access,
    /// Feature it needs.
    pub feature: Option<&'static str>,
    /// A token minted for a task may call it (S6).
    pub minted: bool,
    /// How it is recorded.
    pub audit: Audit,
}

impl Operation {
    /// Whether it is recorded in the security audit.
    pub fn is_security(&self) -> bool {
        self.audit == Audit::Security
    }

    /// Whether it begins or ends a session, and changes nothing else.
    pub fn is_sign_in(&self) -> bool {
        matches!(
            self.name,
            "auth.login" | "auth.logout" | "login.logout" | "pages.sign_in" | "pages.sign_out"
        )
    }

    /// Whether it reads the audit, which is audited itself.
    pub fn reads_audit(&self) -> bool {
        self.name.starts_with("audit.")
    }

    const fn new(name: &'static str, access: Access) -> Self {
        Operation { name, access, feature: None, minted: false, audit: Audit::Call }
    }

    const fn minted(mut self) -> Self {
        self.minted = true;
        self
    }

    const fn quiet(mut self) -> Self {
        self.audit = Audit::Quiet;
        self
    }

    const fn security(mut self) -> Self {
        self.audit = Audit::Security;
        self
    }

    const fn feature(mut self, feature: &'static str) -> Self {
        self.feature = Some(feature);
        self
    }
}

/// The operation called `name`.
pub fn find(name: &str) -> Option<&'static Operation> {
    TABLE.iter().find(|operation| operation.name == name)
}

/// Checks that the caller may perform the operation, runs the use-case, and audits.
///
/// Errors: 401/20 nobody signed in; 403/20 role, or a task's token on a call not meant for it; 403/30 feature;
/// then whatever the use-case answers.
pub fn perform<T>(
    operation: &'static Operation,
    ctx: &Ctx<'_>,
    run: impl FnOnce(&Ctx<'_>) -> Result<T>,
) -> Result<T> {
    ctx.operation.set(Some(operation));
    ctx.audited.set(false);
    let result = allowed(operation, ctx).and_then(|()| run(ctx));
    if operation.is_security() && !ctx.audited.get() {
        let (code, subcode) = match &result {
            Ok(_) => (200, 0),
            Err(error) => (error.kind().code(), error.kind().subcode()),
        };
        let event = ctx.security_event(operation, code, subcode);
        let written = ctx
            .app
            .store
            .write(ctx.scope(), Lane::Documents, |tx| tx.append_security_event(&ctx.app.keys.audit, &event));
        // A refusal stays a refusal when the disk is full; a success that can't be recorded is none.
        if let Err(error) = written {
            tracing::error!(error = %error, operation = operation.name, "a security event could not be recorded");
            return result.and(Err(error));
        }
    }
    result
}

/// Whether the caller may perform the operation at all.
pub fn allowed(operation: &Operation, ctx: &Ctx<'_>) -> Result<()> {
    let caller = &ctx.caller;
    let role_ok = match operation.access {
        Access::Open | Access::Optional => return Ok(()),
        _ if !caller.is_known() => return Err(ErrorKind::NoCredentials.into()),
        Access::SignedIn => true,
        Access::Administrators => caller.role.administers(),
        Access::Operators => caller.operates(),
        Access::SystemOnly => caller.role.is_system(),
    };
    if !role_ok {
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, "ask an administrator")
            .with("role", caller.role.as_str())
            .with("call", operation.name));
    }
    if caller.minted && !operation.minted {
        let text = "a token made for a task may not call this; use your own credentials";
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, text).with("call", operation.name));
    }
    match operation.feature {
        Some(feature) if !caller.role.is_system() && !caller.features.contains(feature) => {
            let text = "ask an administrator to enable it for one of your groups";
            Err(ApiError::new(ErrorKind::FeatureNotEnabled, text).with("feature", feature))
        }
        _ => Ok(()),
    }
}

use Access::{Administrators, Open, Operators, Optional, SignedIn, SystemOnly};

const fn op(name: &'static str, access: Access) -> Operation {
    Operation::new(name, access)
}

/// Every operation, by service.
pub static TABLE: &[Operation] = &[
    op("audit.export", Administrators).security(),
    op("audit.find_tasks", Administrators).security(),
    op("audit.get_filters", Administrators),
    op("audit.get_log", Administrators).security(),
    op("audit.get_status", Administrators),
    op("audit.get_task_trail", SignedIn),
    op("auth.add_user", Administrators).feature("user_management_advanced").security(),
    op("auth.create_credentials", SignedIn).security(),
    op("auth.create_service_user", Administrators).feature("service_users").security(),
    op("auth.create_user", Administrators).feature("user_management_advanced").security(),
    op("auth.delete_user", Administrators).feature("user_management").security(),
    op("auth.edit_credentials", SignedIn).security(),
    op("auth.edit_user", Administrators).feature("user_management").security(),
    op("auth.fixed_users_mode", Open),
    op("auth.get_credentials", SignedIn),
    op("auth.get_token_for_user", SystemOnly).security(),
    op("auth.locate_credentials", Administrators),
    op("auth.login", SignedIn).minted().security(),
    op("auth.logout", SignedIn).security(),
    op("auth.revoke_credentials", SignedIn).security(),
    op("auth.set_credentials", Administrators).feature("user_management_advanced").security(),
    op("auth.validate_token", SystemOnly).minted(),
    op("data.import", SystemOnly).security(),
    op("data.purge", SystemOnly).security(),
    op("debug.ping", Open).quiet(),
    op("files.delete", SignedIn).minted().security(),
    op("files.delete_many", SignedIn).minted().security(),
    op("files.delete_scheduled", SystemOnly).security(),
    op("files.download", SignedIn).minted(),
    op("files.overwrite", SignedIn).minted().security(),
    op("files.upload", SignedIn).minted(),
    op("events.add", SignedIn).minted(),
    op("events.add_batch", SignedIn).minted(),
    op("events.clear_scroll", SignedIn).minted(),
    op("events.clear_task_log", SignedIn).minted(),
    op("events.debug_images", SignedIn).minted(),
    op("events.delete_for_model", SignedIn).minted(),
    op("events.delete_for_task", SignedIn).minted(),
    op("events.download_task_log", SignedIn).minted(),
    op("events.get_debug_image_sample", SignedIn).minted(),
    op("events.get_multi_task_metrics", SignedIn).minted(),
    op("events.get_multi_task_plots", SignedIn).minted(),
    op("events.get_plot_sample", SignedIn).minted(),
    op("events.get_scalar_metric_data", SignedIn).minted(),
    op("events.get_scalar_metrics_and_variants", SignedIn).minted(),
    op("events.get_task_events", SignedIn).minted(),
    op("events.get_task_latest_scalar_values", SignedIn).minted(),
    op("events.get_task_log", SignedIn).minted(),
    op("events.get_task_metrics", SignedIn).minted(),
    op("events.get_task_plots", SignedIn).minted(),
    op("events.get_task_single_value_metrics", SignedIn).minted(),
    op("events.get_vector_metrics_and_variants", SignedIn).minted(),
    op("events.multi_task_scalar_metrics_iter_histogram", SignedIn).minted(),
    op("events.next_debug_image_sample", SignedIn).minted(),
    op("events.next_plot_sample", SignedIn).minted(),
    op("events.plots", SignedIn).minted(),
    op("events.scalar_metrics_iter_histogram", SignedIn).minted(),
    op("events.scalar_metrics_iter_raw", SignedIn).minted(),
    op("events.vector_metrics_iter_histogram", SignedIn).minted(),
    op("login.add_whitelist_entries", Administrators).feature("user_management").security(),
    op("login.get_settings", Administrators).feature("user_management"),
    op("login.get_whitelist", Operators),
    op("login.logout", Optional).security(),
    op("login.remove_whitelist_entries", Administrators).feature("user_management").security(),
    op("login.set_domains", Administrators).security(),
    op("login.supported_modes", Optional),
    op("models.add_or_update_metadata", SignedIn).minted(),
    op("models.archive_many", SignedIn).minted(),
    op("models.create", SignedIn).minted(),
    op("models.delete", SignedIn).minted(),
    op("models.delete_many", SignedIn).minted(),
    op("models.delete_metadata", SignedIn).minted(),
    op("models.edit", SignedIn).minted(),
    op("models.get_all", SignedIn).minted(),
    op("models.get_all_ex", SignedIn).minted(),
    op("models.get_by_id", SignedIn).minted(),
    op("models.get_by_id_ex", SignedIn).minted(),
    op("models.get_by_task_id", SignedIn).minted(),
    op("models.get_frameworks", SignedIn).minted(),
    op("models.make_private", SignedIn).security(),
    op("models.make_public", SignedIn).security(),
    op("models.move", SignedIn).minted(),
    op("models.publish_many", SignedIn).minted(),
    op("models.set_ready", SignedIn).minted(),
    op("models.unarchive_many", SignedIn).minted(),
    op("models.update", SignedIn).minted(),
    op("models.update_for_task", SignedIn).minted(),
    op("models.update_tags", SignedIn).minted(),
    op("organization.download_for_get_all", SignedIn).minted(),
    op("organization.get_entities_count", SignedIn).minted(),
    op("organization.get_project_usages", SignedIn).minted(),
    op("organization.get_tags", SignedIn).minted(),
    op("organization.get_user_companies", SignedIn).minted(),
    op("organization.prepare_download_for_get_all", SignedIn).minted(),
    op("pages.add_service_credential", Administrators).feature("service_users").security(),
    op("pages.features", Administrators),
    op("pages.people", Administrators).feature("user_management"),
    op("pages.revoke_service_credential", Administrators).feature("service_users").security(),
    op("pages.verify_audit", Administrators).security(),
    op("pages.check_vault", SignedIn).feature("config_vault"),
    op("pages.show_vault", SignedIn).security(),
    op("pages.sign_in", Open).security(),
    op("pages.sign_out", SignedIn).security(),
    op("pages.change_password", SignedIn).security(),
    op("pages.sessions", SignedIn),
    op("pages.tenant_domains", Operators).security(),
    op("permissions.add_or_update_user_group", Administrators).feature("user_management").security(),
    op("permissions.delete_user_groups", Administrators).feature("user_management").security(),
    op("permissions.get_company_users", Administrators).feature("user_management"),
    op("permissions.get_user_groups", Administrators).feature("user_management"),
    op("pipelines.delete_runs", SignedIn).feature("pipelines").minted(),
    op("pipelines.start_pipeline", SignedIn).feature("pipelines").minted(),
    op("projects.create", SignedIn).minted(),
    op("projects.delete", SignedIn).minted(),
    op("projects.get_all", SignedIn).minted(),
    op("projects.get_all_ex", SignedIn).minted(),
    op("projects.get_by_id", SignedIn).minted(),
    op("projects.get_hyper_parameters", SignedIn).minted(),
    op("projects.get_hyperparam_values", SignedIn).minted(),
    op("projects.get_model_metadata_keys", SignedIn).minted(),
    op("projects.get_model_metadata_values", SignedIn).minted(),
    op("projects.get_model_tags", SignedIn).minted(),
    op("projects.get_project_tags", SignedIn).minted(),
    op("projects.get_task_parents", SignedIn).minted(),
    op("projects.get_task_tags", SignedIn).minted(),
    op("projects.get_unique_metric_variants", SignedIn).minted(),
    op("projects.get_user_names", SignedIn).minted(),
    op("projects.make_private", SignedIn).security(),
    op("projects.make_public", SignedIn).security(),
    op("projects.merge", SignedIn).minted(),
    op("projects.move", SignedIn).minted(),
    op("projects.update", SignedIn).minted(),
    op("projects.validate_delete", SignedIn).minted(),
    op("queues.add_or_update_metadata", SignedIn).minted(),
    op("queues.add_task", SignedIn).minted(),
    op("queues.clear_queue", SignedIn).minted(),
    op("queues.create", SignedIn).minted(),
    op("queues.delete", SignedIn).minted(),
    op("queues.delete_metadata", SignedIn).minted(),
    op("queues.get_all", SignedIn).minted(),
    op("queues.get_all_ex", SignedIn).minted(),
    op("queues.get_by_id", SignedIn).minted(),
    op("queues.get_by_task_id", SignedIn).minted(),
    op("queues.get_default", SignedIn).minted(),
    op("queues.get_next_task", SignedIn).minted(),
    op("queues.get_num_entries", SignedIn).minted(),
    op("queues.get_queue_metrics", SignedIn).minted(),
    op("queues.move_task_backward", SignedIn).minted(),
    op("queues.move_task_forward", SignedIn).minted(),
    op("queues.move_task_to_back", SignedIn).minted(),
    op("queues.move_task_to_front", SignedIn).minted(),
    op("queues.move_task_to_queue", SignedIn).minted(),
    op("queues.peek_task", SignedIn).minted(),
    op("queues.remove_task", SignedIn).minted(),
    op("queues.update", SignedIn).minted(),
    op("reports.archive", SignedIn).feature("reports").minted(),
    op("reports.create", SignedIn).feature("reports").minted(),
    op("reports.delete", SignedIn).feature("reports").minted(),
    op("reports.get_all_ex", SignedIn).feature("reports").minted(),
    op("reports.get_tags", SignedIn).feature("reports").minted(),
    op("reports.get_task_data", SignedIn).feature("reports").minted(),
    op("reports.move", SignedIn).feature("reports").minted(),
    op("reports.publish", SignedIn).feature("reports").minted(),
    op("reports.unarchive", SignedIn).feature("reports").minted(),
    op("reports.update", SignedIn).feature("reports").minted(),
    op("server.config", SystemOnly),
    op("server.endpoints", SystemOnly),
    op("server.get_stats", SystemOnly),
    op("server.info", SignedIn).minted(),
    op("server.report_stats_option", SignedIn),
    op("serving.container_status_report", SignedIn).minted().quiet(),
    op("serving.get_endpoint_details", SignedIn).feature("model_serving").minted(),
    op("serving.get_endpoint_metrics_history", SignedIn).feature("model_serving").minted(),
    op("serving.get_endpoints", SignedIn).feature("model_serving").minted(),
    op("serving.get_loading_instances", SignedIn).feature("model_serving").minted(),
    op("serving.register_container", SignedIn).minted(),
    op("serving.unregister_container", SignedIn).minted(),
    op("storage.get_settings", SignedIn),
    op("storage.reset_settings", Administrators).security(),
    op("storage.set_settings", Administrators).security(),
    op("system.company_info", Operators),
    op("system.create_company", Operators).security(),
    op("system.get_companies", Operators),
    op("system.get_company_app_instance_access", Operators),
    op("system.update_company_app_instance_access", Operators).security(),
    op("system.update_company_settings", Operators).security(),
    op("system.update_company_sso_config", Operators).security(),
    op("tasks.add_or_update_artifacts", SignedIn).minted(),
    op("tasks.add_or_update_model", SignedIn).minted(),
    op("tasks.archive", SignedIn).minted(),
    op("tasks.archive_many", SignedIn).minted(),
    op("tasks.clone", SignedIn).minted(),
    op("tasks.close", SignedIn).minted(),
    op("tasks.completed", SignedIn).minted(),
    op("tasks.create", SignedIn).minted(),
    op("tasks.delete", SignedIn).minted(),
    op("tasks.delete_artifacts", SignedIn).minted(),
    op("tasks.delete_configuration", SignedIn).minted(),
    op("tasks.delete_hyper_params", SignedIn).minted(),
    op("tasks.delete_many", SignedIn).minted(),
    op("tasks.delete_models", SignedIn).minted(),
    op("tasks.dequeue", SignedIn).minted().security(),
    op("tasks.dequeue_many", SignedIn).minted().security(),
    op("tasks.edit", SignedIn).minted(),
    op("tasks.edit_configuration", SignedIn).minted(),
    op("tasks.edit_hyper_params", SignedIn).minted(),
    op("tasks.edit_runtime", SignedIn).minted(),
    op("tasks.enqueue", SignedIn).minted(),
    op("tasks.enqueue_many", SignedIn).minted(),
    op("tasks.failed", SignedIn).minted(),
    op("tasks.get_all", SignedIn).minted(),
    op("tasks.get_all_ex", SignedIn).minted(),
    op("tasks.get_by_id", SignedIn).minted(),
    op("tasks.get_by_id_ex", SignedIn).minted(),
    op("tasks.get_configuration_names", SignedIn).minted(),
    op("tasks.get_configurations", SignedIn).minted(),
    op("tasks.get_hyper_params", SignedIn).minted(),
    op("tasks.get_types", SignedIn).minted(),
    op("tasks.make_private", Administrators).security(),
    op("tasks.make_public", Administrators).security(),
    op("tasks.move", SignedIn).minted(),
    op("tasks.ping", SignedIn).minted().quiet(),
    op("tasks.publish", SignedIn).minted(),
    op("tasks.publish_many", SignedIn).minted(),
    op("tasks.reset", SignedIn).minted(),
    op("tasks.reset_many", SignedIn).minted(),
    op("tasks.set_requirements", SignedIn).minted(),
    op("tasks.started", SignedIn).minted(),
    op("tasks.stop", SignedIn).minted(),
    op("tasks.stop_many", SignedIn).minted(),
    op("tasks.stopped", SignedIn).minted(),
    op("tasks.unarchive_many", SignedIn).minted(),
    op("tasks.update", SignedIn).minted(),
    op("tasks.update_batch", SignedIn).minted(),
    op("tasks.update_tags", SignedIn).minted(),
    op("tasks.validate", SignedIn).minted(),
    op("tenants.add_tenant_admin_credentials", Operators).security(),
    op("tenants.create_tenant", Operators).security(),
    op("tenants.delete_tenant", Operators).security(),
    op("tenants.get_tenant_info", Operators),
    op("tenants.get_tenant_resources", Operators),
    op("tenants.get_tenants", Operators),
    op("users.add_or_update_vault", SignedIn).security().feature("config_vault"),
    op("users.create", SystemOnly).security(),
    op("users.delete", SystemOnly).security(),
    op("users.delete_vaults", SignedIn).security().feature("config_vault"),
    op("users.get_all", SignedIn).minted(),
    op("users.get_all_ex", SignedIn).minted(),
    op("users.get_by_id", SignedIn).minted(),
    op("users.get_current_user", SignedIn).minted(),
    op("users.get_organization_vaults", Administrators).security(),
    op("users.get_preferences", SignedIn).minted(),
    op("users.get_role_options", SignedIn).minted(),
    op("users.get_service_users", Administrators).feature("service_users"),
    op("users.get_vault_operations_log", Administrators),
    op("users.get_vault_operations_log_filters", Administrators),
    op("users.get_vaults", SignedIn).minted().security(),
    op("users.readmit", Administrators).feature("user_management").security(),
    op("users.set_admin", Administrators).feature("user_management").security(),
    op("users.set_disabled", Administrators).feature("user_management").security(),
    op("users.set_preferences", SignedIn),
    op("users.set_role", Administrators).feature("user_management").security(),
    op("users.update", SignedIn),
    op("users.update_service_user", Administrators).feature("service_users").security(),
    op("workers.cluster_report", SignedIn).minted().quiet(),
    op("workers.cluster_unregister", SignedIn).minted(),
    op("workers.get_activity_report", SignedIn).feature("resource_dashboard").minted(),
    op("workers.get_all", SignedIn).minted(),
    op("workers.get_count", SignedIn).minted(),
    op("workers.get_metric_keys", SignedIn).minted(),
    op("workers.get_runtime_properties", SignedIn).minted().quiet(),
    op("workers.get_stats", SignedIn).minted(),
    op("workers.register", SignedIn).minted(),
    op("workers.set_runtime_properties", SignedIn).minted(),
    op("workers.status_report", SignedIn).minted().quiet(),
    op("workers.unregister", SignedIn).minted(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_features_exist() {
        let mut seen = std::collections::HashSet::new();
        for operation in TABLE {
            assert!(seen.insert(operation.name), "{} stands twice", operation.name);
            if let Some(feature) = operation.feature {
                assert!(
                    crate::config::settings::organization::FEATURES.iter().any(|(name, _)| *name == feature),
                    "{feature}"
                );
            }
        }
    }
}
