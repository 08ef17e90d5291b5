//! The test yard: the built server as its own process, with its own data directory, ports and environment.
//!
//! A yard kills only the process that it started, on drop too. It fails its test when the server's log tells of a
//! panic, and keeps that log in `test-output/` when the test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod agent;
mod client;
mod ports;
pub(crate) mod python;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub(crate) use client::{Call, Client, claims};
use ports::Ports;
use serde_json::{Value, json};

/// The server under test.
pub(crate) const SERVER: &str = env!("CARGO_BIN_EXE_roundhouse");
/// The default tenant.
pub(crate) const COMPANY: &str = "d1bd92a3b039400cbafc60a7a5b1e52b";
/// How long a start may take: a busy machine, an unoptimised build, two password hashes.
const START: Duration = Duration::from_secs(90);
/// How long a stop may take: ten seconds for running requests, then the checkpoint.
const STOP: Duration = Duration::from_secs(30);

/// Which defaults a server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    /// What a person gets who starts the server.
    Secure,
    /// As the reference deployment: nobody has a password, the identities `tests` and `webserver` have API
    /// credentials (random ones: the public pairs are refused), every origin may read.
    Reference,
}

/// An access key and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) secret: String,
}

impl Pair {
    /// A fresh pair as `secure.credentials` takes it.
    fn random() -> Self {
        use rand::Rng as _;
        let mut rng = rand::rng();
        let mut text = |alphabet: &[u8], length: usize| -> String {
            (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
        };
        Self {
            key: text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 30),
            secret: text(b"abcdefghijklmnopqrstuvwxyz0123456789", 60),
        }
    }
}

/// A server to be started. Every start of it, also a later one, has these settings.
pub(crate) struct Setup {
    profile: Profile,
    tls: bool,
    one_port: bool,
    env: BTreeMap<String, String>,
    tests: Pair,
    webserver: Pair,
    tracer: Vec<String>,
}

impl Setup {
    fn new(profile: Profile) -> Self {
        let mut setup = Self {
            profile,
            tls: false,
            one_port: false,
            env: BTreeMap::new(),
            tests: Pair::random(),
            webserver: Pair::random(),
            tracer: Vec::new(),
        };
        if profile == Profile::Reference {
            for (name, pair) in [("tests", setup.tests.clone()), ("webserver", setup.webserver.clone())] {
                setup = setup
                    .env(&format!("CLEARML__secure__credentials__{name}__user_key"), &pair.key)
                    .env(&format!("CLEARML__secure__credentials__{name}__user_secret"), &pair.secret);
            }
            setup = setup
                .env("CLEARML__apiserver__auth__fixed_users__enabled", "false")
                .env("CLEARML__SECURE__ALLOW_INSECURE_DEFAULTS", "true")
                .env("CLEARML__apiserver__cors__origins", "\"*\"");
        }
        setup
    }

    /// Sets an environment variable of the server.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// HTTPS with the local authority, as on every address beyond loopback.
    pub(crate) fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Everything on one port: pages at `/`, the API under `/api`, files under `/files`.
    pub(crate) fn one_port(mut self) -> Self {
        self.one_port = true;
        self
    }

    /// Runs the server by another program, such as a tracer, whose last argument is followed by the server's path. That
    /// program must become the server, as `strace -D` does: the yard stops and kills its child only.
    pub(crate) fn below(mut self, program: &[&str]) -> Self {
        self.tracer = program.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn start(self) -> Yard {
        let mut yard = self.lay_out();
        yard.start_again();
        yard
    }

    /// A data directory and ports, without a server.
    pub(crate) fn lay_out(self) -> Yard {
        let home = tempfile::Builder::new().prefix("roundhouse-yard-").tempdir().unwrap();
        for name in ["config", "tmp"] {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        Yard { setup: self, ports: Ports::reserve(), home, child: None, log_read_to: 0 }
    }
}

/// A server of this test's own.
pub(crate) struct Yard {
    setup: Setup,
    ports: Ports,
    home: tempfile::TempDir,
    child: Option<Child>,
    /// Where the log of the latest start begins.
    log_read_to: u64,
}

impl Yard {
    /// The built server with the product's own defaults, ready.
    pub(crate) fn start() -> Self {
        Self::secure().start()
    }

    /// Settings of the profile `secure`: what a person gets who starts the server.
    pub(crate) fn secure() -> Setup {
        Setup::new(Profile::Secure)
    }

    /// Settings of the profile `reference`: no passwords, credentials for `tests` and `webserver`, open CORS.
    pub(crate) fn reference() -> Setup {
        Setup::new(Profile::Reference)
    }

    // ---- process

    /// `roundhouse serve` with everything that this yard sets, in a clean environment.
    pub(crate) fn serve(&self) -> Command {
        let mut command = self.command(&["serve"]);
        let [api, web, files] = self.ports.all().map(|port| port.to_string());
        command.arg("--data").arg(self.data());
        if self.setup.one_port {
            command.args(["--port", &web]);
        } else {
            command.args(["--api-port", &api, "--web-port", &web, "--files-port", &files]);
        }
        if self.setup.tls {
            command.args(["--bind", "0.0.0.0", "--public-url", "https://localhost"]);
        }
        command
    }

    /// The server's program with any command, in this yard's clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.setup.tracer.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest).arg(SERVER);
                command
            }
            None => Command::new(SERVER),
        };
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path().join("tmp"))
            .env("CLEARML_CONFIG_DIR", self.home.path().join("config"))
            .env("RUST_BACKTRACE", "1")
            .envs(&self.setup.env)
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Starts the server on this yard's data and waits for the ready line.
    pub(crate) fn start_again(&mut self) {
        for _ in 0..20 {
            match self.try_start() {
                Ok(()) => return,
                // Some other program took the port between our look and the server's.
                Err(Refusal { log, .. }) if log.contains("in use") => {
                    if self.child.is_none() && self.is_fresh() {
                        self.ports = Ports::reserve();
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(refusal) => panic!("the server did not start ({}):\n{}", refusal.status, refusal.log),
            }
        }
        panic!("the server found no free ports in 20 tries");
    }

    /// Nothing has been said to anybody about this yard's ports.
    fn is_fresh(&self) -> bool {
        !self.data().exists()
    }

    /// Starts the server, which either gets ready or ends by itself.
    pub(crate) fn try_start(&mut self) -> Result<(), Refusal> {
        assert!(self.child.is_none(), "this yard's server runs already");
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        self.log_read_to = log.metadata().unwrap().len();
        let mut command = self.serve();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return Err(Refusal { status, log: self.log_of_this_start() });
            }
            if self.log_of_this_start().lines().any(is_ready) {
                self.child = Some(child);
                return Ok(());
            }
            if begun.elapsed() > START {
                let _ = child.kill();
                let status = child.wait().unwrap();
                panic!("no ready line within {START:?} ({status}):\n{}", self.log_of_this_start());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server as power loss would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("no server runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends the server as an operator would (SIGTERM) and answers how it exited.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("no server runs");
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if begun.elapsed() > STOP {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the server did not stop within {STOP:?}:\n{}", self.log_of_this_start());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops and starts the server: same data, same addresses.
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(status.success(), "the stop failed ({status}):\n{}", self.log_of_this_start());
        self.start_again();
    }

    /// Changes an environment variable for the next start.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.setup.env.insert(name.to_owned(), value.to_owned());
    }

    // ---- places

    /// The most memory that the server had in use so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.as_ref().expect("the server runs").id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Scratch space that goes with the yard.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// Everything that the server said in all its starts.
    pub(crate) fn log(&self) -> String {
        self.log_from(0)
    }

    /// What the server said since its latest start.
    pub(crate) fn log_of_this_start(&self) -> String {
        self.log_from(self.log_read_to)
    }

    fn log_from(&self, offset: u64) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(self.log_path()) {
            file.seek(SeekFrom::Start(offset)).unwrap();
            file.read_to_end(&mut text).unwrap();
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// `scheme://localhost:port`.
    fn at(&self, port: u16) -> String {
        format!("{}://localhost:{port}", if self.setup.tls { "https" } else { "http" })
    }

    /// Address of the API.
    pub(crate) fn api(&self) -> String {
        let [api, web, _] = self.ports.all();
        if self.setup.one_port { format!("{}/api", self.at(web)) } else { self.at(api) }
    }

    /// Address of the pages.
    pub(crate) fn web(&self) -> String {
        self.at(self.ports.all()[1])
    }

    /// Address of the file server.
    pub(crate) fn files(&self) -> String {
        let [_, web, files] = self.ports.all();
        if self.setup.one_port { format!("{}/files", self.at(web)) } else { self.at(files) }
    }

    /// Ports of API, pages and files.
    pub(crate) fn ports(&self) -> [u16; 3] {
        self.ports.all()
    }

    // ---- people

    /// Nobody: no credentials are sent.
    pub(crate) fn nobody(&self) -> Client {
        Client::new(&self.api(), &self.data().join("ca.pem"))
    }

    /// Whoever has this pair, by Basic on every call.
    pub(crate) fn by_pair(&self, pair: &Pair) -> Client {
        self.nobody().basic(&pair.key, &pair.secret)
    }

    /// The pair in the client configuration that the first start wrote.
    pub(crate) fn admin_pair(&self) -> Pair {
        pair_of(&self.client_configuration())
    }

    /// Text of the client configuration that the first start wrote.
    pub(crate) fn client_configuration(&self) -> String {
        fs::read_to_string(self.data().join("clearml.conf")).expect("the first start writes clearml.conf")
    }

    /// The first administrator, signed in with the credentials of `clearml.conf`.
    pub(crate) fn admin(&self) -> Client {
        self.by_pair(&self.admin_pair()).signed_in()
    }

    /// The identity `apiserver` (role system), whose generated pair is in `secrets.json`.
    pub(crate) fn system(&self) -> Client {
        self.by_pair(&self.system_pair("apiserver")).signed_in()
    }

    /// The generated pair of an identity of the platform.
    pub(crate) fn system_pair(&self, name: &str) -> Pair {
        let text = fs::read_to_string(self.data().join("secrets.json")).unwrap();
        let secrets: Value = serde_json::from_str(&text).unwrap();
        let identity = &secrets["identities"][name];
        let field = |field: &str| identity[field].as_str().unwrap().to_owned();
        Pair { key: field("access_key"), secret: field("secret_key") }
    }

    /// The identity `tests` (role user, "Default User"); profile `reference` only.
    pub(crate) fn default_user(&self) -> Client {
        self.by_pair(&self.tests_pair()).signed_in()
    }

    /// The pair of `tests`; profile `reference` only.
    pub(crate) fn tests_pair(&self) -> Pair {
        assert_eq!(self.setup.profile, Profile::Reference, "only this profile has it");
        self.setup.tests.clone()
    }

    /// The pair of `webserver` (role system); profile `reference` only.
    pub(crate) fn webserver_pair(&self) -> Pair {
        assert_eq!(self.setup.profile, Profile::Reference, "only this profile has it");
        self.setup.webserver.clone()
    }

    /// A new person of the default tenant with role user, made through the API and signed in with credentials of
    /// their own.
    pub(crate) fn user(&self, name: &str) -> Client {
        self.person(name, "user").1
    }

    /// As [`Yard::user`], with a role; answers the id as well.
    pub(crate) fn person(&self, name: &str, role: &str) -> (String, Client) {
        let system = self.system();
        let email = format!("{name}@yard.example");
        let body = json!({"name": name, "company": COMPANY, "email": email, "role": role});
        let id = system.ok("auth.create_user", body)["id"].as_str().unwrap().to_owned();
        let made = system.impersonating(&id).ok("auth.create_credentials", json!({"label": "yard"}));
        let field = |field: &str| made["credentials"][field].as_str().unwrap().to_owned();
        let pair = Pair { key: field("access_key"), secret: field("secret_key") };
        (id, self.by_pair(&pair).signed_in())
    }
}

/// Whether this is the one line that the contract promises: `ready` as a word, with the addresses.
fn is_ready(line: &str) -> bool {
    line.contains("://") && line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ready")
}

/// Access key and secret in the text of a client configuration.
pub(crate) fn pair_of(configuration: &str) -> Pair {
    let value = |name: &str| {
        let pattern = format!(r#"(?m)^\s*"?{name}"?\s*[:=]\s*"([^"]+)""#);
        let found = regex::Regex::new(&pattern).unwrap().captures(configuration);
        found.unwrap_or_else(|| panic!("clearml.conf has no {name}"))[1].to_owned()
    };
    Pair { key: value("access_key"), secret: value("secret_key") }
}

/// A start that ended by itself.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

/// Where output is kept for a person to read.
pub(crate) fn output_dir() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-output");
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// The running test's name, fit for a file name.
pub(crate) fn test_name() -> String {
    let thread = std::thread::current();
    thread.name().unwrap_or("unnamed").replace("::", "-").replace(|c: char| !c.is_ascii_graphic(), "_")
}

impl Drop for Yard {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = self.log();
        let server_panicked = log.contains("panicked at");
        if server_panicked || std::thread::panicking() {
            let kept = output_dir().join(format!("{}-{}.log", test_name(), self.ports.all()[0]));
            let _ = fs::write(&kept, &log);
            eprintln!("the server's log is kept in {}", kept.display());
        }
        // A second panic would abort the test process and hide the first.
        assert!(!server_panicked || std::thread::panicking(), "the server panicked");
    }
}
