//! Arguments of `docker run`, told apart as docker tells them apart, so that none can pose as another
//! (spec/security_rules.md S10, S11).

/// Flags without a value; all others take one.
const SWITCHES: &[&str] = &[
    "--detach",
    "--disable-content-trust",
    "--help",
    "--init",
    "--interactive",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--rm",
    "--sig-proxy",
    "--tty",
    "--use-api-socket",
];

/// Flags with a value that follows as a word of its own.
const VALUED: &[&str] = &[
    "--add-host",
    "--annotation",
    "--attach",
    "--blkio-weight",
    "--blkio-weight-device",
    "--cap-add",
    "--cap-drop",
    "--cgroup-parent",
    "--cgroupns",
    "--cidfile",
    "--cpu-count",
    "--cpu-percent",
    "--cpu-period",
    "--cpu-quota",
    "--cpu-rt-period",
    "--cpu-rt-runtime",
    "--cpu-shares",
    "--cpus",
    "--cpuset-cpus",
    "--cpuset-mems",
    "--detach-keys",
    "--device",
    "--device-cgroup-rule",
    "--device-read-bps",
    "--device-read-iops",
    "--device-write-bps",
    "--device-write-iops",
    "--dns",
    "--dns-opt",
    "--dns-option",
    "--dns-search",
    "--domainname",
    "--entrypoint",
    "--env",
    "--env-file",
    "--expose",
    "--gpus",
    "--group-add",
    "--health-cmd",
    "--health-interval",
    "--health-retries",
    "--health-start-interval",
    "--health-start-period",
    "--health-timeout",
    "--hostname",
    "--io-maxbandwidth",
    "--io-maxiops",
    "--ip",
    "--ip6",
    "--ipc",
    "--isolation",
    "--kernel-memory",
    "--label",
    "--label-file",
    "--link",
    "--link-local-ip",
    "--log-driver",
    "--log-opt",
    "--mac-address",
    "--memory",
    "--memory-reservation",
    "--memory-swap",
    "--memory-swappiness",
    "--mount",
    "--name",
    "--network",
    "--network-alias",
    "--oom-score-adj",
    "--pid",
    "--pids-limit",
    "--platform",
    "--publish",
    "--pull",
    "--restart",
    "--runtime",
    "--security-opt",
    "--shm-size",
    "--stop-signal",
    "--stop-timeout",
    "--storage-opt",
    "--sysctl",
    "--tmpfs",
    "--ulimit",
    "--user",
    "--userns",
    "--uts",
    "--volume",
    "--volume-driver",
    "--volumes-from",
    "--workdir",
];

/// Other names of the same flag.
const SYNONYMS: [(&str, &str); 18] = [
    ("-a", "--attach"),
    ("-c", "--cpu-shares"),
    ("-d", "--detach"),
    ("-e", "--env"),
    ("-h", "--hostname"),
    ("-i", "--interactive"),
    ("-l", "--label"),
    ("-m", "--memory"),
    ("-p", "--publish"),
    ("-P", "--publish-all"),
    ("-q", "--quiet"),
    ("-t", "--tty"),
    ("-u", "--user"),
    ("-v", "--volume"),
    ("-w", "--workdir"),
    ("--net", "--network"),
    ("--net-alias", "--network-alias"),
    ("--dns-opt", "--dns-option"),
];

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    /// Long name of the flag; empty for a word that is none, which docker takes for the image.
    pub(super) flag: String,
    /// Its value.
    pub(super) value: Option<String>,
    /// As written.
    pub(super) words: Vec<String>,
    /// Why docker may take it for something else, if so.
    pub(super) unclear: Option<&'static str>,
}

impl Argument {
    /// `--flag=value`.
    pub(super) fn canonical(&self) -> String {
        match &self.value {
            Some(value) => format!("{}={value}", self.flag),
            None => self.flag.clone(),
        }
    }

    /// The variable that it sets, if it sets one.
    pub(super) fn variable(&self) -> Option<&str> {
        let value = self.value.as_deref().filter(|_| self.flag == "--env")?;
        Some(value.split_once('=').map_or(value, |(name, _)| name))
    }

    /// Whether it gives a container more of its host than any container needs (S10).
    pub(super) fn reaches_out(&self) -> bool {
        let value = self.value.as_deref().unwrap_or_default().to_ascii_lowercase();
        let of_host = value == "host" || value.starts_with("container:") || value.starts_with("ns:");
        match self.flag.as_str() {
            "--privileged"
            | "--cap-add"
            | "--device"
            | "--device-cgroup-rule"
            | "--volume"
            | "--mount"
            | "--volumes-from"
            | "--volume-driver"
            | "--security-opt"
            | "--env-file"
            | "--label-file"
            | "--cidfile"
            | "--cgroup-parent"
            | "--use-api-socket"
            | "--runtime"
            | "--sysctl" => true,
            "--pid" | "--ipc" | "--network" | "--userns" | "--uts" | "--cgroupns" => of_host,
            _ => false,
        }
    }
}

fn long(name: &str) -> String {
    SYNONYMS.iter().find(|(other, _)| *other == name).map_or(name, |(_, long)| long).to_owned()
}

/// Tells the words of a command line apart.
pub(super) fn parse(words: &[String]) -> Vec<Argument> {
    let mut found = Vec::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        if word == "--" || !word.starts_with('-') || word == "-" {
            found.push(Argument {
                flag: String::new(),
                value: Some(word.clone()),
                words: vec![word.clone()],
                unclear: Some("docker would take it for the image"),
            });
            continue;
        }
        if !word.starts_with("--") {
            shorts(word, &mut rest, &mut found);
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let mut argument = Argument { flag: long(name), value, words: vec![word.clone()], unclear: None };
        if argument.value.is_none() && !SWITCHES.contains(&argument.flag.as_str()) {
            if !VALUED.contains(&argument.flag.as_str()) {
                argument.unclear = Some("it is not known whether a value follows; write --name=value");
            }
            let known = argument.unclear.is_none();
            if let Some(value) = rest.next_if(|next| known || !next.starts_with('-')) {
                argument.words.push(value.clone());
                argument.value = Some(value.clone());
            }
        }
        found.push(argument);
    }
    for argument in &mut found {
        // Agents fill these in afterwards, with texts that the task's owner chooses.
        if argument.words.iter().any(|word| word.contains("${")) {
            argument.unclear = Some("${…} is filled in only on the machine");
        }
    }
    found
}

/// A group of one-letter flags, the last of which may take the rest, or the next word, as its value.
fn shorts<'w>(
    word: &str,
    rest: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    found: &mut Vec<Argument>,
) {
    let mut words = vec![word.to_owned()];
    let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
    while let Some(letter) = letters.next() {
        let flag = long(&format!("-{letter}"));
        let unclear = flag.len().lt(&3).then_some("there is no such flag");
        if SWITCHES.contains(&flag.as_str()) {
            let after = letters.as_str();
            let value = after.strip_prefix('=').map(str::to_owned);
            let ended = value.is_some();
            found.push(Argument { flag, value, words: std::mem::take(&mut words), unclear });
            if ended {
                return;
            }
            continue;
        }
        let attached = letters.as_str();
        let attached = attached.strip_prefix('=').unwrap_or(attached);
        let value = match attached {
            "" => rest.next().inspect(|next| words.push((*next).clone())).cloned(),
            text => Some(text.to_owned()),
        };
        found.push(Argument { flag, value, words, unclear });
        return;
    }
}

/// Whether a text matches a pattern of `*` (any text) and `?` (any character), as a whole.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted == c || *wanted == '?' => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let words = super::super::words::split(text).unwrap();
        parse(&words)
            .iter()
            .map(|one| format!("{}{}", one.canonical(), if one.unclear.is_some() { " ?" } else { "" }))
            .collect()
    }

    #[test]
    fn every_spelling_of_a_flag_is_the_same_flag() {
        for text in ["-e A=1", "-eA=1", "-e=A=1", "--env A=1", "--env=A=1"] {
            assert_eq!(read(text), ["--env=A=1"], "{text}");
        }
        assert_eq!(read("-ite A=1 -v/:/h"), ["--interactive", "--tty", "--env=A=1", "--volume=/:/h"]);
        assert_eq!(read("--net host --shm-size 8g"), ["--network=host", "--shm-size=8g"]);
        assert_eq!(read("--label --privileged"), ["--label=--privileged"]);
    }

    #[test]
    fn s10_a_word_that_docker_takes_for_the_image_is_none_of_the_arguments() {
        assert_eq!(read("--rm evil:latest"), ["--rm", "=evil:latest ?"]);
        assert_eq!(read("-it evil"), ["--interactive", "--tty", "=evil ?"]);
        assert_eq!(read("-- evil"), ["=-- ?", "=evil ?"]);
        assert_eq!(read("--rmi evil"), ["--rmi=evil ?"]);
        assert_eq!(read("${CLEARML_TASK.name}"), ["=${CLEARML_TASK.name} ?"]);
        assert_eq!(read("--env=${X}=1"), ["--env=${X}=1 ?"]);
        assert_eq!(read("-z 1"), ["-z=1 ?"]);
    }

    #[test]
    fn patterns_match_whole_texts() {
        assert!(
            matches("nvidia/cuda:*", "nvidia/cuda:12.4-devel") && matches("*", "") && matches("a?c*", "abc")
        );
        assert!(!matches("nvidia/cuda:*", "evil.io/nvidia/cuda:12") && !matches("ubuntu", "ubuntu:22.04"));
        assert!(
            matches("*a*a*a*b", &format!("{}b", "a".repeat(2_000)))
                && !matches("*a*a*a*b", &"a".repeat(2_000))
        );
    }
}
