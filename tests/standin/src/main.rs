//! The stand-in as a program, for people who develop offline.

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tigergraph_standin::{Options, SWITCHES, Standin, Switches, Tls, Version};

/// A TigerGraph stand-in on loopback, for tests: tokens and secrets as 2.x to 5.x manage them.
///
/// For tests alone. Its users and passwords are public, it has no graph data, and nothing in it was compared with a live
/// TigerGraph.
#[derive(Parser)]
#[command(after_help = switches_help())]
struct Arguments {
    /// The version to stand in for, such as 3.1, 3.4, 3.10, 4.0, 4.1.2 or 4.2
    #[arg(long = "version", id = "server-version", default_value = "4.2")]
    server: Version,
    /// Serve TLS with a certificate made for the occasion
    #[arg(long)]
    tls: bool,
    /// Port of the gateway; 0 for any
    #[arg(long, default_value_t = 14240)]
    gateway_port: u16,
    /// Port of REST++; 0 for any
    #[arg(long, default_value_t = 9000)]
    restpp_port: u16,
    /// Open a listener to steer the stand-in by, on this port; 0 for any
    #[arg(long)]
    control_port: Option<u16>,
    /// REST++ authentication
    #[arg(long, value_enum, default_value_t = Auth::On)]
    auth: Auth,
    /// What to choose where nobody knows; may be repeated
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// Another user; may be repeated
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = user)]
    users: Vec<(String, String)>,
    /// Another graph; may be repeated
    #[arg(long = "graph", value_name = "NAME")]
    graphs: Vec<String>,
    /// Print one line of JSON instead of the banner
    #[arg(long)]
    print_json: bool,
    /// Stop when standard input ends
    #[arg(long)]
    exit_with_parent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    On,
    Off,
}

fn user(text: &str) -> Result<(String, String), String> {
    let (name, password) = text.split_once(':').ok_or("there is no colon")?;
    Ok((name.to_owned(), password.to_owned()))
}

fn switches_help() -> String {
    let lines = SWITCHES.iter().map(|(name, row, values)| format!("  {name}={}  (row {row})\n", values.join("|")));
    format!("Switches, the first value being the default:\n{}", lines.collect::<String>())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tigergraph-standin: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let standin = start(options(arguments)?)?;
    for (name, password) in &arguments.users {
        standin.add_user(name, password, false);
    }
    arguments.graphs.iter().for_each(|graph| standin.add_graph(graph));
    let ca_file = ca_file(&standin)?;
    if arguments.print_json {
        print_json(&standin, ca_file.as_ref());
    } else {
        banner(&standin, arguments, ca_file.as_ref());
    }
    io::stdout().flush()?;
    wait(arguments.exit_with_parent)?;
    if let Some(file) = ca_file {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

fn options(arguments: &Arguments) -> Result<Options, Box<dyn std::error::Error>> {
    Ok(Options {
        version: arguments.server,
        tls: arguments.tls.then(Tls::self_signed),
        auth_enabled: arguments.auth == Auth::On,
        switches: arguments.switches.join(",").parse::<Switches>()?,
        control: arguments.control_port.is_some(),
        gateway_port: arguments.gateway_port,
        restpp_port: arguments.restpp_port,
        control_port: arguments.control_port.unwrap_or(0),
        ..Options::default()
    })
}

/// Starts on the ports asked for or, if one is taken, on any.
fn start(options: Options) -> io::Result<Standin> {
    let asked = (options.gateway_port, options.restpp_port);
    match Standin::start(options.clone()) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && asked != (0, 0) => {
            eprintln!("Port {} or {} is taken; using other ports.", asked.0, asked.1);
            Standin::start(Options { gateway_port: 0, restpp_port: 0, ..options })
        }
        other => other,
    }
}

/// Writes what a client has to trust into a file.
fn ca_file(standin: &Standin) -> io::Result<Option<PathBuf>> {
    let Some(pem) = standin.ca_pem() else { return Ok(None) };
    let file = std::env::temp_dir().join(format!("tigergraph-standin-{}.pem", std::process::id()));
    std::fs::write(&file, pem)?;
    Ok(Some(file))
}

fn print_json(standin: &Standin, ca_file: Option<&PathBuf>) {
    let line = serde_json::json!({
        "gateway_port": standin.gateway_port(),
        "restpp_port": standin.restpp_port(),
        "restpp_listens": standin.restpp_listens(),
        "gateway_url": standin.gateway_url(),
        "restpp_url": standin.restpp_url(),
        "control_url": standin.control_url(),
        "ca_file": ca_file.map(|file| file.to_string_lossy()),
        "pid": std::process::id(),
    });
    println!("{line}");
}

fn banner(standin: &Standin, arguments: &Arguments, ca_file: Option<&PathBuf>) {
    println!("TigerGraph {} stand-in: nothing here was compared with a live TigerGraph.", arguments.server);
    println!("  gateway (14240)  {}", standin.gateway_url());
    let closed = if standin.restpp_listens() { "" } else { "  (closed, as from 4.1 on)" };
    println!("  REST++ (9000)    {}{closed}", standin.restpp_url());
    if let Some(url) = standin.control_url() {
        println!("  control          {url}");
    }
    if let Some(file) = ca_file {
        println!("  CA certificate   {}", file.display());
    }
    let auth = if arguments.auth == Auth::On { "on" } else { "off" };
    println!("  REST++ authentication is {auth}");
    println!("  users   tigergraph:tigergraph (superuser)");
    println!("          alice:opensesame");
    arguments.users.iter().for_each(|(name, password)| println!("          {name}:{password}"));
    println!("  graphs  {}", standin.snapshot().graphs.join(", "));
    println!("Stop with Ctrl-C.");
}

/// Until Ctrl-C or SIGTERM or, if asked for, the end of standard input.
fn wait(exit_with_parent: bool) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel::<()>();
    if exit_with_parent {
        // A read that waits cannot be given up, so it has a thread of its own.
        std::thread::spawn(move || {
            let mut buffer = [0; 256];
            while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
            drop(sender);
        });
        runtime.block_on(async {
            tokio::select! { result = stopped() => result, _ = ended.recv() => Ok(()) }
        })
    } else {
        runtime.block_on(stopped())
    }
}

#[cfg(unix)]
async fn stopped() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! { result = tokio::signal::ctrl_c() => result, _ = terminate.recv() => Ok(()) }
}

#[cfg(not(unix))]
async fn stopped() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
