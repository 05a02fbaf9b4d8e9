//! Life cycles in which something goes wrong: the processes that live them, the servers they talk to, and what
//! must hold afterwards whatever went wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tigergraph_standin::{Options, Request, Standin, Tls};

use crate::canary::Canaries;
use crate::common::{build, library_folder, program_command, root, scratch, succeeded};

/// The versions that stand for generations B and C.
pub const VERSIONS: [&str; 2] = ["3.10", "4.2"];
const USER: &str = "kathrin";
const PASSWORD: &str = "Kanarienvogel+im/Bergwerk%&=";
/// The alias that life.c gives to the secret of a life that is tortured.
const ALIAS: &str = "tortured";
/// The process kills a life that hangs; this is for the process.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether everything is tried, not a sample.
pub fn is_long() -> bool {
    std::env::var_os("TG_LONG").is_some_and(|value| value == "1")
}

/// Between the library and the system, by LD_PRELOAD.
pub fn shim() -> &'static Path {
    static SHIM: LazyLock<PathBuf> = LazyLock::new(|| {
        let shim = scratch("torture-shim.so");
        let mut cc = Command::new("cc");
        cc.args(["-std=c99", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        cc.args(["-shared", "-fPIC"]).arg(root().join("tests/torture/shim.c")).arg("-o").arg(&shim).arg("-ldl");
        succeeded("the shim", &cc.output().expect("a C compiler"));
        shim
    });
    &SHIM
}

/// The program of the lives with the library as it ships.
pub static SHIPPED: LazyLock<PathBuf> =
    LazyLock::new(|| build(&["tests/torture/life.c"], &["-O1"], &crate::release::library()));
/// The same with the library that is not optimized, so that every frame of the way to an allocation is there.
pub static UNOPTIMIZED: LazyLock<PathBuf> =
    LazyLock::new(|| build(&["tests/torture/life.c"], &["-O0"], &library_folder()));

/// What fails.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub kind: &'static str,
    pub first: i64,
    pub times: i64,
    pub error: i32,
}

/// As many lives tell what comes again with each.
const REPEATED: i64 = 5;

/// How many are all that follow.
pub const FOR_GOOD: i64 = 1_000_000_000;

/// What a call of a life came to.
#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    /// "OK", or the reason.
    pub outcome: String,
    told: String,
}

/// A life that has ended, and what it told.
#[derive(Debug)]
pub struct Life {
    pub steps: Vec<Step>,
    /// The steps from when nothing failed any more.
    pub healthy: Vec<Step>,
    /// The name of what failed; empty if nothing did.
    pub struck: String,
    /// How many calls there were, by kind.
    pub calls: BTreeMap<String, i64>,
    /// Return addresses where the process ended itself.
    pub abort: Option<Vec<u64>>,
    left: Vec<i64>,
    status: i32,
    lines: Vec<String>,
    /// Requests for the tortured life's secret that the server heard, and those it carried out.
    asked: usize,
    created: usize,
}

impl Life {
    fn read(lines: Vec<String>) -> Life {
        let mut life = Life {
            steps: Vec::new(),
            healthy: Vec::new(),
            struck: String::new(),
            calls: BTreeMap::new(),
            abort: None,
            left: Vec::new(),
            status: -1,
            lines: Vec::new(),
            asked: 0,
            created: 0,
        };
        let mut is_healthy = false;
        let number = |text: &str| text.parse::<i64>().expect("a number");
        for line in &lines {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["step", name, outcome, _, told] => {
                    // No server before 4.1 checks tokens.
                    let outcome = if outcome == "unsupported.check" { "OK" } else { outcome };
                    let step = Step { name: name.into(), outcome: outcome.into(), told: told.into() };
                    if is_healthy { life.healthy.push(step) } else { life.steps.push(step) }
                }
                ["healthy"] => is_healthy = true,
                ["struck", name] => life.struck = name.into(),
                ["calls", kind, count] => drop(life.calls.insert(kind.into(), number(count))),
                ["left", ref rest @ ..] => life.left = rest.iter().map(|text| number(text)).collect(),
                ["abort", trace] => {
                    let address = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex");
                    life.abort = Some(trace.split_whitespace().map(address).collect());
                }
                ["end", status] => life.status = number(status) as i32,
                _ => {}
            }
        }
        life.lines = lines;
        life
    }

    /// The first step that did not succeed, and why; "OK" if all did.
    pub fn outcome(&self) -> String {
        match (&self.abort, self.steps.iter().find(|step| step.outcome != "OK")) {
            (Some(_), _) => "abort".into(),
            (None, Some(step)) => step.outcome.clone(),
            (None, None) => "OK".into(),
        }
    }

    /// Whether the process ended itself because memory was refused, and said so, and did nothing else.
    fn ended_in_order(&self) -> bool {
        // Another thread's log line may stand in the middle.
        let said = |words: &str| self.lines.iter().any(|line| line.contains(words));
        let has_said = said("memory allocation of ") && said(" bytes failed");
        self.status == libc::SIGABRT && self.abort.is_some() && has_said
    }

    /// What may not be, whatever failed.
    fn faults(&self, plan: Plan) -> Vec<String> {
        let mut faults: Vec<String> = self.lines.iter().filter(|line| line.starts_with("BROKEN")).cloned().collect();
        if plan.kind == "memory" && self.ended_in_order() {
            return faults;
        }
        if self.status != 0 || self.abort.is_some() {
            faults.push(format!("the process ended with status {:#x}", self.status));
        }
        faults.extend(
            self.healthy
                .iter()
                .filter(|step| step.outcome != "OK")
                .map(|step| format!("{} fails with {} when nothing fails any more", step.name, step.outcome)),
        );
        faults.extend(self.creation_fault());
        faults
    }

    fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// A creation is at most one, and is told as what it is.
    fn creation_fault(&self) -> Option<String> {
        let creation = self.step("create_secret")?;
        let told = (creation.outcome.as_str(), self.asked, self.created);
        let listed = self.step("get_secrets").filter(|list| list.outcome == "OK").map(|list| list.told == "held");
        let good = match told {
            ("OK", 1, 1) => listed != Some(false),
            ("outcome.unknown", 0 | 1, created) => listed.is_none_or(|listed| listed == (created == 1)),
            (reason, 0, 0) => reason != "OK" && listed != Some(true),
            _ => false,
        };
        (!good).then(|| format!("a creation of outcome, requests and secrets {told:?}, listed {listed:?}"))
    }
}

/// Whether no more threads, descriptors, bytes and blocks are left than usual. A block may be 16 bytes larger
/// than it was asked to be, by chance.
fn is_usual(left: &[i64], usual: &[i64]) -> bool {
    let (&[threads, descriptors, bytes, blocks], &[.., most_bytes, most_blocks]) = (left, usual) else { return false };
    threads <= usual[0] && descriptors <= usual[1] && bytes <= most_bytes + 16 * blocks && blocks <= most_blocks
}

/// What was left, and values that the library makes once, but not in every life. A leak of each life is more than that.
fn and_made_once(left: &[i64]) -> Vec<i64> {
    const MADE_ONCE: i64 = 2;
    let mut left = left.to_vec();
    left[3] += MADE_ONCE;
    left
}

/// Whether a request creates the secret of the life that is tortured.
fn is_creation(request: &Request) -> bool {
    let text = percent_decode_str(&request.text()).decode_utf8_lossy().into_owned();
    let is_rest = request.method == "POST" && request.path.ends_with("/gsql/v1/secrets");
    let is_named = text.contains(ALIAS) || request.param("alias").is_some_and(|alias| alias == ALIAS);
    is_named && (is_rest || text.contains("CREATE SECRET"))
}

/// A server, and a process that lives beside it.
pub struct World {
    pub name: String,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    server: Standin,
    canaries: Canaries,
    /// What a life without any fault leaves: threads, descriptors, bytes, blocks.
    usual: Vec<i64>,
}

impl World {
    fn start(test: &str, program: &Path, version: &str, tls: bool) -> World {
        let name = format!("{version} {}", if tls { "https" } else { "http" });
        let tls = tls.then(Tls::self_signed);
        let server = Standin::start(Options { tls, ..Options::new(version) }).expect("a stand-in");
        server.add_user(USER, PASSWORD, true);
        let mut canaries = Canaries::default();
        canaries.add(PASSWORD);
        let ca_file = ca_file(&server, &format!("torture-{test}-{version}.pem"));
        // By its name, so that a thread looks it up.
        let url = server.gateway_url().replace("127.0.0.1", "localhost");
        let mut command = program_command(program);
        command.args([&url, &ca_file, USER, PASSWORD]).env("LD_PRELOAD", shim());
        // With it, a process that ends without memory does a lot more before.
        command.env("RUST_BACKTRACE", "0");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the process");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let input = child.stdin.take().expect("its input");
        World { name, child, input, lines, server, canaries, usual: Vec::new() }
    }

    /// A life without any fault. What it leaves is what others may leave.
    pub fn good_life(&mut self) -> Life {
        let none = Plan { kind: "none", first: 0, times: 0, error: 0 };
        let (life, _) = self.told(none, 1);
        assert_eq!(life.outcome(), "OK", "{}: {life:#?}", self.name);
        self.usual.clone_from(&life.left);
        let faults = life.faults(none);
        assert!(faults.is_empty() && self.usual.len() == 4, "{}: {faults:#?} {life:#?}", self.name);
        life
    }

    /// A life with this fault, and what may not be.
    pub fn live(&mut self, plan: Plan) -> (Life, Vec<String>) {
        let (life, mut faults) = self.told(plan, 1);
        faults.extend(life.faults(plan));
        // What a process makes once and keeps depends on how it began; what comes again with each life is a leak.
        if faults.is_empty() && life.abort.is_none() && !is_usual(&life.left, &self.usual) {
            let (repeated, _) = self.told(plan, REPEATED);
            // Later lives make less than the first: another allocation fails in them, which may end the process.
            let is_leak = match repeated.abort {
                None => !is_usual(&repeated.left, &and_made_once(&life.left)),
                Some(_) => !is_usual(&life.left, &and_made_once(&self.usual)),
            };
            if is_leak {
                let what = "threads, descriptors, bytes and blocks are left";
                faults.push(format!("{what}: {:?}; after {REPEATED} such lives {:?}", life.left, repeated.left));
            }
        }
        let context = |fault: &String| format!("{}: {plan:?} ({}): {fault}\n{:#?}", self.name, life.struck, life.lines);
        let faults = faults.iter().map(context).collect();
        (life, faults)
    }

    fn told(&mut self, plan: Plan, lives: i64) -> (Life, Vec<String>) {
        let Plan { kind, first, times, error } = plan;
        writeln!(self.input, "{kind}\t{first}\t{times}\t{error}\t{lives}").expect("the process listens");
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.starts_with("end\t")) {
            let line = self.lines.recv_timeout(PATIENCE);
            lines.push(line.unwrap_or_else(|error| panic!("{}: {plan:?}: {error}: {lines:#?}", self.name)));
        }
        let mut life = Life::read(lines);
        let requests = self.server.take_requests();
        let creations: Vec<u16> =
            requests.iter().filter(|request| is_creation(request)).map(|request| request.status).collect();
        life.asked = creations.len();
        life.created = creations.iter().filter(|status| **status == 200).count();
        let faults = self.credentials_shown(&life);
        (life, faults)
    }

    /// The server forgets what it holds; none of it was shown.
    fn credentials_shown(&mut self, life: &Life) -> Vec<String> {
        let credentials: Vec<String> = self.server.with_state(|state| {
            let tokens = state.tokens.drain(..).map(|token| token.value);
            let credentials = tokens.chain(state.secrets.drain(..).map(|secret| secret.value)).collect();
            state.blocked.clear();
            credentials
        });
        credentials.iter().for_each(|credential| self.canaries.add(credential));
        let shown = life.lines.iter().filter_map(|line| self.canaries.found_in(line));
        shown.map(|piece| format!("{piece:?}, a piece of a credential, was shown")).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It lives as long as its input; after a failed test it may still be busy.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file with what a program has to trust to reach the stand-in; "-" without TLS.
pub fn ca_file(server: &Standin, name: &str) -> String {
    let Some(pem) = server.ca_pem() else { return "-".to_owned() };
    let file = scratch(name);
    std::fs::write(&file, pem).expect("a file");
    file.display().to_string()
}

/// Runs a test in all four worlds at the same time.
pub fn in_all_worlds(test: &str, program: &Path, body: impl Fn(&mut World) + Sync) {
    let worlds = VERSIONS.map(|version| [(version, false), (version, true)]);
    std::thread::scope(|scope| {
        let start = |(version, tls): (&'static str, bool)| {
            let body = &body;
            scope.spawn(move || body(&mut World::start(test, program, version, tls)))
        };
        let threads: Vec<_> = worlds.into_iter().flatten().map(start).collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
