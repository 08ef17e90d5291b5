//! `install.sh` with a stub program and stub system commands, below a scratch directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A machine below a scratch directory. Every system command notes its call in `log`.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        let stubs = machine.path("stubs");
        fs::create_dir(&stubs).unwrap();
        let state = machine.path("state");
        fs::create_dir(&state).unwrap();
        let log = machine.path("log");
        fs::write(&log, "").unwrap();
        let note =
            format!("echo \"$(basename \"$0\") $*\" >>'{}'\ncd '{}'\n", log.display(), state.display());
        let stub = |name: &str, body: &str| {
            script(&stubs.join(name), &format!("{note}{body}"));
        };
        stub("id", "echo 0");
        stub("chown", "");
        stub("journalctl", "echo 'the journal'");
        stub("useradd", "touch user");
        stub("userdel", "rm user");
        stub("getent", "[ -e user ]");
        stub("runuser", "while [ \"$1\" != -- ]; do shift; done; shift; cd ~-; exec \"$@\"");
        stub(
            "systemctl",
            "case $1 in
                is-active) [ -e active ] ;;
                is-enabled) [ -e enabled ] ;;
                is-failed) [ -e failed ] ;;
                enable) touch enabled ;;
                disable) rm -f enabled; case \"$*\" in *--now*) rm -f active ;; esac ;;
                start | restart) [ ! -e no-restart ] && touch active ;;
                stop) rm -f active ;;
            esac",
        );
        machine
    }

    fn with_systemd() -> Self {
        let machine = Self::new();
        fs::create_dir_all(machine.path("run/systemd/system")).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program that calls itself `version`; a "broken" one never becomes healthy.
    fn program(&self, version: &str) -> PathBuf {
        let path = self.path(&format!("roundhouse-{version}"));
        let log = self.path("log");
        let body = format!(
            "echo \"{version} $*\" >>'{}'
            case $1 in
                --version) echo 'roundhouse {version}' ;;
                init) echo 'password: shown-once'; touch \"$3/secrets.json\" ;;
                healthcheck) [ {version} != broken ] ;;
                serve) echo \"{version} serves in $(pwd)\" ;;
            esac",
            log.display()
        );
        script(&path, &body);
        path
    }

    fn installer(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        let path = format!("{}:{}", self.path("stubs").display(), std::env::var("PATH").unwrap());
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env("PATH", path)
            .env("PREFIX", self.path("opt"))
            .env("ROUNDHOUSE_BINARY", program)
            .env("ROUNDHOUSE_INSTALL_ROOT", self.dir.path())
            .env("ROUNDHOUSE_INSTALL_WAIT", "1")
            .env_remove("SUDO_USER");
        command
    }

    fn install(&self, program: &Path, arguments: &[&str]) -> Output {
        self.installer(program, arguments).output().unwrap()
    }

    fn installed(&self) -> PathBuf {
        self.path("opt/bin/roundhouse")
    }

    fn unit(&self) -> PathBuf {
        self.path("etc/systemd/system/roundhouse.service")
    }

    fn state(&self, name: &str) -> bool {
        self.path("state").join(name).exists()
    }

    /// What the installed program calls itself.
    fn installed_version(&self) -> String {
        text(&Command::new(self.installed()).arg("--version").output().unwrap().stdout)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Names in `opt/bin` and next to the unit: nothing temporary may stay.
    fn left_over(&self) -> Vec<String> {
        let mut names = Vec::new();
        for dir in [self.path("opt/bin"), self.path("etc/systemd/system")] {
            for entry in fs::read_dir(dir).into_iter().flatten() {
                names.push(entry.unwrap().file_name().into_string().unwrap());
            }
        }
        names.sort();
        names
    }
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn assert_ok(output: &Output) {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn serve_installs_and_runs_in_the_foreground_where_it_was_called() {
    let machine = Machine::new();
    let output = machine.install(&machine.program("1"), &["--serve", "--", "--bind", "0.0.0.0"]);
    assert_ok(&output);
    let here = machine.dir.path().canonicalize().unwrap();
    assert!(text(&output.stdout).ends_with(&format!("1 serves in {}", here.display())));
    assert!(machine.log().contains("1 serve --bind 0.0.0.0\n"));
    assert_eq!(machine.left_over(), ["roundhouse"]);
    assert_eq!(fs::metadata(machine.installed()).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn a_step_that_fails_leaves_the_former_program_alone() {
    let machine = Machine::new();
    assert_ok(&machine.install(&machine.program("1"), &[]));
    let new = machine.program("2");

    // The new program cannot be put in place.
    script(&machine.path("stubs/mv"), "exit 1");
    let output = machine.install(&new, &["--serve"]);
    assert!(!output.status.success());
    fs::remove_file(machine.path("stubs/mv")).unwrap();
    assert_eq!(machine.installed_version(), "roundhouse 1");
    assert!(!machine.log().contains("2 serve"));
    assert!(machine.left_over().iter().all(|name| !name.contains(".new.")), "{:?}", machine.left_over());

    // The disk is full in the middle of the copy.
    script(&machine.path("stubs/cp"), "for target; do :; done; head -c 10 \"$1\" >\"$target\"; exit 1");
    assert!(!machine.install(&new, &["--serve"]).status.success());
    fs::remove_file(machine.path("stubs/cp")).unwrap();
    assert_eq!(machine.installed_version(), "roundhouse 1");

    // The new program does not run here.
    script(&new, "exit 1");
    let output = machine.install(&new, &["--serve"]);
    assert!(text(&output.stderr).contains("does not run on this machine"));
    assert_eq!(machine.installed_version(), "roundhouse 1");

    assert_ok(&machine.install(&machine.program("3"), &[]));
    assert_eq!(machine.installed_version(), "roundhouse 3");
    assert_eq!(machine.left_over(), ["roundhouse"]);
}

#[test]
fn the_service_is_initialised_before_it_starts() {
    let machine = Machine::with_systemd();
    let output = machine.install(&machine.program("1"), &[]);
    assert_ok(&output);
    assert_eq!(text(&output.stdout).matches("shown-once").count(), 1);
    let log = machine.log();
    let position = |what: &str| log.find(what).unwrap_or_else(|| panic!("{what} is missing in\n{log}"));
    let data = machine.path("var/lib/roundhouse");
    let order = [
        position("useradd --system"),
        position(&format!("1 init --data {}", data.display())),
        position("systemctl enable"),
        position("systemctl restart"),
        position(&format!("1 healthcheck --data {}", data.display())),
    ];
    assert!(order.is_sorted(), "{log}");
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o7777, 0o700);
    let unit = fs::read_to_string(machine.unit()).unwrap();
    assert!(unit.contains(&format!("ExecStart={} serve --data ", machine.installed().display())), "{unit}");
    assert_eq!(machine.left_over(), ["roundhouse", "roundhouse.service"]);
}

#[test]
fn an_upgrade_that_does_not_answer_is_rolled_back() {
    let machine = Machine::with_systemd();
    assert_ok(&machine.install(&machine.program("1"), &[]));
    let upgrade = machine.install(&machine.program("2"), &[]);
    assert_ok(&upgrade);
    assert_eq!(machine.installed_version(), "roundhouse 2");
    assert!(!machine.log().contains("2 init"), "a running server is initialised");

    let unit = fs::read_to_string(machine.unit()).unwrap() + "# changed by hand\n";
    fs::write(machine.unit(), &unit).unwrap();
    let output = machine.install(&machine.program("broken"), &[]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("does not answer"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the journal"));
    assert!(text(&output.stdout).contains("former version is running again"));
    assert_eq!(machine.installed_version(), "roundhouse 2");
    assert_eq!(fs::read_to_string(machine.unit()).unwrap(), unit);
    assert!(machine.state("active") && machine.state("enabled"));
    assert_eq!(machine.left_over(), ["roundhouse", "roundhouse.service"]);
}

#[test]
fn a_first_install_that_fails_leaves_no_service_but_keeps_the_data() {
    for broken_by in ["healthcheck", "restart"] {
        let machine = Machine::with_systemd();
        let version = if broken_by == "restart" { "1" } else { "broken" };
        if broken_by == "restart" {
            fs::write(machine.path("state/no-restart"), "").unwrap();
        }
        assert!(!machine.install(&machine.program(version), &[]).status.success());
        assert!(machine.left_over().is_empty(), "{broken_by}: {:?}", machine.left_over());
        assert!(!machine.state("active") && !machine.state("enabled"), "{broken_by}");
        assert!(
            machine.path("var/lib/roundhouse/secrets.json").exists() && machine.state("user"),
            "{broken_by}"
        );
    }
}

#[test]
fn a_failure_before_there_is_data_takes_the_user_back_too() {
    let machine = Machine::with_systemd();
    let program = machine.program("1");
    script(&program, "case $1 in --version) echo 1 ;; *) exit 1 ;; esac");
    let output = machine.install(&program, &[]);
    assert!(text(&output.stderr).contains("could not be initialised"));
    assert!(machine.log().contains("useradd") && !machine.state("user"));
    assert!(!machine.path("var/lib/roundhouse").exists());
    assert!(machine.left_over().is_empty(), "{:?}", machine.left_over());
}

#[test]
fn an_interrupted_upgrade_is_undone() {
    let machine = Machine::with_systemd();
    assert_ok(&machine.install(&machine.program("1"), &[]));
    let mut installer = machine
        .installer(&machine.program("broken"), &[])
        .env("ROUNDHOUSE_INSTALL_WAIT", "60")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !machine.log().contains("broken healthcheck") {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", machine.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&installer);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(installer.wait().unwrap().code(), Some(143));
    assert_eq!(machine.installed_version(), "roundhouse 1");
    assert!(machine.state("active"));
    assert_eq!(machine.left_over(), ["roundhouse", "roundhouse.service"]);
}

#[test]
fn uninstall_keeps_the_data() {
    let machine = Machine::with_systemd();
    let program = machine.program("1");
    assert_ok(&machine.install(&program, &[]));
    let output = machine.install(&program, &["--uninstall"]);
    assert_ok(&output);
    assert!(text(&output.stdout).contains("The data stays in"));
    assert!(machine.left_over().is_empty(), "{:?}", machine.left_over());
    assert!(!machine.state("active") && !machine.state("enabled"));
    assert!(machine.path("var/lib/roundhouse/secrets.json").exists());
    let again = machine.install(&program, &["--uninstall"]);
    assert_ok(&again);
    assert!(text(&again.stdout).starts_with("Nothing to remove"));
}

#[test]
fn wrong_options_change_nothing() {
    let machine = Machine::new();
    let program = machine.program("1");
    for (arguments, sentence) in [
        (&["--sevre"][..], "unknown option --sevre"),
        (&["--prefix"], "needs a directory"),
        (&["--prefix", "/opt/a b"], "only letters"),
        (&["--", "--bind"], "need --serve"),
    ] {
        let output = machine.install(&program, arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(sentence), "{}", text(&output.stderr));
    }
    assert!(text(&machine.install(&program, &["--help"]).stdout).starts_with("Usage: "));
    assert!(machine.left_over().is_empty());
}

#[test]
fn without_a_given_program_it_is_built() {
    let machine = Machine::new();
    let tool = |name: &str, body: &str| script(&machine.path("stubs").join(name), body);
    for name in ["cc", "npm"] {
        tool(name, "exit 1");
    }
    let build = || {
        let mut command = machine.installer(Path::new("unused"), &[]);
        command.env_remove("ROUNDHOUSE_BINARY").env("HOME", machine.path("home"));
        command.env("CARGO_TARGET_DIR", machine.path("target")).output().unwrap()
    };

    tool("rustc", "echo 'rustc 1.63.0 (old)'");
    tool("cargo", "exit 1");
    let output = build();
    assert!(text(&output.stderr).contains("here is 1.63.0") && text(&output.stderr).contains("rustup"));
    tool("rustc", "echo 'rustc 1.999.0 (new)'");
    let output = build();
    assert!(
        text(&output.stderr).ends_with("the build failed; nothing was installed."),
        "{}",
        text(&output.stderr)
    );
    assert!(machine.left_over().is_empty());

    let program = machine.program("1");
    tool(
        "cargo",
        &format!(
            "[ \"$*\" = 'build --release --locked --bin roundhouse' ] && [ -f Cargo.toml ] || exit 1
            mkdir -p \"$CARGO_TARGET_DIR/release\" && cp '{}' \"$CARGO_TARGET_DIR/release/roundhouse\"",
            program.display()
        ),
    );
    assert_ok(&build());
    assert_eq!(machine.installed_version(), "roundhouse 1");
}
