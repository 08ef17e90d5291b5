//! Which container a task runs in (spec/governance.md 3.6; spec/security_rules.md S9, S10, S11). A task asks; administrators'
//! vaults decide when it is enqueued, when it is dequeued, and when somebody writes to it while it runs.

use serde_json::Value;

use super::{
    arguments::{self, Argument},
    environment::Protected,
    policy::{ContainerRules, Policy, Unreadable},
    words,
};
use crate::{
    domain::{
        Ctx,
        trail::{self, ServedVault},
    },
    store::{Snapshot, Tx, tasks::TaskHead, vaults::TaskPolicy},
    types::{ApiError, ErrorKind, Json, Result, UserId},
};

/// What becomes of a task that is dequeued.
#[derive(Clone, Debug, PartialEq)]
pub enum Governed {
    /// It may run; its container is what it shall be.
    Runs,
    /// It may not run, for this reason.
    Refused(String),
    /// Nobody knows: an administrators' vault can't be read.
    Unknown,
}

/// What a container was turned into.
enum Verdict {
    Unchanged,
    Changed(Json),
    Refused(String),
}

fn text<'c>(container: &'c Json, key: &str) -> &'c str {
    container.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The container that a run under these rules gets.
fn judged(rules: &ContainerRules, protected: &Protected, container: &Json, drop_script: bool) -> Verdict {
    if let Some((image, arguments)) = &rules.pinned {
        let script = if drop_script { "" } else { text(container, "setup_shell_script") };
        let pinned = Json::from_iter([
            ("image".to_owned(), image.as_str().into()),
            ("arguments".to_owned(), arguments.as_str().into()),
            ("setup_shell_script".to_owned(), script.into()),
        ]);
        return Verdict::Changed(pinned);
    }
    let image = text(container, "image").trim();
    let (image, more) = image.split_once(char::is_whitespace).unwrap_or((image, ""));
    let Some(list) = words::split(&format!("{more} {}", text(container, "arguments"))) else {
        return match rules.images.is_some() || rules.arguments.is_some() {
            true => Verdict::Refused("the container's arguments have a quote that is not closed".to_owned()),
            false => Verdict::Unchanged,
        };
    };
    let asked = arguments::parse(&list);
    let kept: Vec<&Argument> =
        asked.iter().filter(|one| !one.variable().is_some_and(|name| protected.covers(name))).collect();
    if let Some(reason) = refusal(rules, image, &kept) {
        return Verdict::Refused(reason);
    }
    if kept.len() == asked.len() {
        return Verdict::Unchanged;
    }
    let left: Vec<String> = kept.iter().flat_map(|one| one.rewritten()).collect();
    let mut changed = container.clone();
    changed.insert("image".to_owned(), image.into());
    changed.insert("arguments".to_owned(), words::join(&left).into());
    Verdict::Changed(changed)
}

/// Why administrators don't allow this image with these arguments.
fn refusal(rules: &ContainerRules, image: &str, asked: &[&Argument]) -> Option<String> {
    if rules.images.is_none() && rules.arguments.is_none() {
        return None;
    }
    let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    if let Some(images) = &rules.images
        && !image.is_empty()
        && !images.iter().any(|pattern| arguments::matches(pattern, image))
    {
        let image = shown(image);
        return Some(format!("the container image {image} is none of those that administrators allow"));
    }
    for argument in asked {
        // Without its value, which may be a secret.
        let name = match argument.flag.as_str() {
            "" => "a word that is no flag".to_owned(),
            flag => shown(flag),
        };
        if let Some(reason) = argument.unclear {
            return Some(format!("the container argument {name} is refused: {reason}"));
        }
        let refused = match &rules.arguments {
            Some(allowed) => !allowed.iter().any(|pattern| argument.is_like(pattern)),
            None => argument.reaches_out(),
        };
        if refused {
            return Some(format!("the container argument {name} is none of those that administrators allow"));
        }
    }
    None
}

/// Checks what somebody submits. Vaults that can't be read stop it only when it is dequeued: they may be repaired until
/// then.
///
/// Errors: 400/102 the container is not allowed.
pub(in crate::domain) fn check_submission(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    head: &TaskHead,
    submitter: &UserId,
) -> Result<()> {
    let Ok(Some(policy)) = Policy::of(ctx.app, snapshot, submitter)? else { return Ok(()) };
    let Ok(rules) = policy.containers() else { return Ok(()) };
    let container = snapshot.task_container(head.id.as_str())?;
    match judged(&rules, &policy.protected(), &container, false) {
        Verdict::Refused(reason) => Err(ApiError::new(
            ErrorKind::TaskValidationError,
            format!("{reason}; change the task's container or ask an administrator"),
        )
        .with("id", head.id.as_str())),
        Verdict::Unchanged | Verdict::Changed(_) => Ok(()),
    }
}

/// Decides over a task that `executor` dequeues to run it as `identity`, in the transaction that hands it over.
pub(in crate::domain) fn govern(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    task: &str,
    identity: &UserId,
    executor: &UserId,
) -> Result<Governed> {
    let policy = match Policy::of(ctx.app, tx, identity)? {
        Err(Unreadable) => return Ok(Governed::Unknown),
        Ok(None) => {
            tx.drop_task_policy(task)?;
            return Ok(Governed::Runs);
        }
        Ok(Some(policy)) => policy,
    };
    let Ok(rules) = policy.containers() else { return Ok(Governed::Unknown) };
    let container = tx.task_container(task)?;
    let drop_script = ctx.app.settings.services.vaults.drop_setup_script;
    let applied = match judged(&rules, &policy.protected(), &container, drop_script) {
        Verdict::Refused(reason) => return Ok(Governed::Refused(reason)),
        Verdict::Unchanged => None,
        Verdict::Changed(container) => Some(container),
    };
    if let Some(applied) = &applied {
        tx.set_task_container(task, applied)?;
    }
    // An agent that passes a task on gets it with the container pinned already.
    let former = tx.task_policy(task)?.filter(|former| former.executor == executor.as_str());
    let record = TaskPolicy {
        executor: executor.to_string(),
        identity: identity.to_string(),
        requested: former.map_or(container, |former| former.requested),
        applied: applied.filter(|_| rules.pinned.is_some()),
        vaults: policy.vaults,
    };
    tx.put_task_policy(task, &record)?;
    ctx.note(|note| {
        note.vaults.extend(record.vaults.iter().map(|(vault, version, _)| (vault.clone(), *version)));
    });
    Ok(Governed::Runs)
}

/// What [`govern`] decided for a task, for its trail.
pub(in crate::domain) fn decided(tx: &Tx<'_>, task: &str) -> Result<trail::Policy> {
    let Some(record) = tx.task_policy(task)? else { return Ok(trail::Policy::default()) };
    let mut vaults = Vec::with_capacity(record.vaults.len());
    for (id, version, content_hash) in record.vaults {
        let vault = tx.vault(&id)?;
        vaults.push(ServedVault {
            scope: vault.as_ref().map_or("", |vault| vault.scope.as_str()).to_owned(),
            description: vault.map(|vault| vault.description).unwrap_or_default(),
            id,
            version,
            content_hash,
        });
    }
    Ok(trail::Policy { requested: Some(Value::Object(record.requested)), vaults })
}

/// The container to store when somebody writes one to a task that runs under policy. Agents write back what they used;
/// refusing would break them, so the pinned container stays instead.
pub(in crate::domain) fn override_edit(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    head: &TaskHead,
    sent: Json,
) -> Result<Json> {
    let Some(executor) = &head.executor else { return Ok(sent) };
    let pinned = snapshot
        .task_policy(head.id.as_str())?
        .filter(|policy| policy.executor == executor.as_str())
        .and_then(|policy| policy.applied);
    let Some(pinned) = pinned else { return Ok(sent) };
    let caller = &ctx.caller;
    let by_executor =
        caller.user == *executor || caller.actor.as_ref().is_some_and(|actor| actor.user == *executor);
    let by_administrator = caller.role.administers() && !caller.minted && !by_executor;
    // Without a pinned image the agent uses its own and tells which.
    let tells_its_own = by_executor && text(&pinned, "image").is_empty();
    if by_administrator || tells_its_own {
        return Ok(sent);
    }
    tracing::info!(task = %head.id, user = %caller.user, "a container was written to a task whose container is pinned");
    Ok(pinned)
}

impl Argument {
    /// Words that mean the same, each by itself.
    fn rewritten(&self) -> Vec<String> {
        match self.flag.starts_with("--") && self.unclear.is_none() {
            true => vec![self.canonical()],
            false => self.words.clone(),
        }
    }

    /// Whether a pattern, in any spelling of its flag, allows it.
    fn is_like(&self, pattern: &str) -> bool {
        let pattern = words::split(pattern).unwrap_or_default();
        match arguments::parse(&pattern).as_slice() {
            [one] => {
                // A flag without a value allows none.
                arguments::matches(&one.canonical(), &self.canonical())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(rules: &ContainerRules, image: &str, arguments: &str) -> Result<String, String> {
        let container = json!({"image": image, "arguments": arguments, "setup_shell_script": "s"});
        match judged(rules, &Protected::default(), container.as_object().unwrap(), false) {
            Verdict::Unchanged => Ok(format!("{image} {arguments}")),
            Verdict::Changed(container) => {
                Ok(format!("{} {}", text(&container, "image"), text(&container, "arguments")))
            }
            Verdict::Refused(reason) => Err(reason),
        }
    }

    fn rules(images: Option<&[&str]>, arguments: Option<&[&str]>) -> ContainerRules {
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        ContainerRules { pinned: None, images: images.map(list), arguments: arguments.map(list) }
    }

    #[test]
    fn s10_only_allowed_images_run_and_nothing_reaches_out() {
        let rules = rules(Some(&["nvidia/cuda:*"]), None);
        for (image, arguments) in [
            ("nvidia/cuda:12", "--ipc=private -e A=1 --shm-size 8g"),
            ("", "--gpus all"),
            (" nvidia/cuda:12 ", ""),
        ] {
            assert!(verdict(&rules, image, arguments).is_ok(), "{image} {arguments}");
        }
        for (image, arguments) in [
            ("evil:latest", ""),
            ("nvidia/cuda:12 --privileged", ""),
            ("nvidia/cuda:12", "--privileged"),
            ("nvidia/cuda:12", "--privileged=true"),
            ("nvidia/cuda:12", "-it --cap-add SYS_ADMIN"),
            ("nvidia/cuda:12", "-v/:/host"),
            ("nvidia/cuda:12", "-itv /:/host"),
            ("nvidia/cuda:12", "--mount type=bind,src=/,dst=/h"),
            ("nvidia/cuda:12", "--net host"),
            ("nvidia/cuda:12", "--pid=HOST"),
            ("nvidia/cuda:12", "--ipc 'host'"),
            ("nvidia/cuda:12", "--userns=host"),
            ("nvidia/cuda:12", "--security-opt seccomp=unconfined"),
            ("nvidia/cuda:12", "--env-file /etc/x"),
            ("nvidia/cuda:12", "--device /dev/sda"),
            ("nvidia/cuda:12", "--use-api-socket"),
            ("nvidia/cuda:12", "--rm evil:latest"),
            ("nvidia/cuda:12", "-- evil:latest"),
            ("nvidia/cuda:12", "# --privileged"),
            ("nvidia/cuda:12", "--lab\"el\" x '"),
            ("nvidia/cuda:12", "${CLEARML_TASK.hyperparams.General.x.value}"),
            ("nvidia/cuda:12", "--rmi evil:latest"),
        ] {
            assert!(verdict(&rules, image, arguments).is_err(), "{image} {arguments}");
        }
    }

    #[test]
    fn s10_with_a_list_only_listed_arguments_pass() {
        let rules = rules(None, Some(&["--ipc=host", "-e WANDB_*", "--shm-size=*", "--rm"]));
        for arguments in ["--ipc host", "--env=WANDB_MODE=offline", "--shm-size 4g --rm", ""] {
            assert!(verdict(&rules, "any", arguments).is_ok(), "{arguments}");
        }
        for arguments in ["--ipc=private", "-e HOME=/", "--gpus all", "--rm=false", "--rm x"] {
            assert!(verdict(&rules, "any", arguments).is_err(), "{arguments}");
        }
        assert!(!verdict(&rules, "any", "--hostname s3cr3t").unwrap_err().contains("s3cr3t"));
    }

    #[test]
    fn s11_variables_of_policy_are_taken_out_of_arguments() {
        let none = ContainerRules::default();
        let stripped = |arguments| verdict(&none, "i", arguments).unwrap();
        assert_eq!(
            stripped("-e CLEARML_X=1 -ite LD_PRELOAD=/x --shm-size 8g"),
            "i --interactive --tty --shm-size=8g"
        );
        assert_eq!(stripped("--env=PYTHONPATH=/x '-e' 'A=b c' x"), "i '--env=A=b c' x");
        assert_eq!(stripped("-e A=1"), "i -e A=1");
        assert_eq!(verdict(&none, "i --env TRAINS_A=1", "").unwrap(), "i ");
    }
}
