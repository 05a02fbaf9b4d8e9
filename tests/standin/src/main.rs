//! The stand-in as a program: `tigergraph-standin --version 4.2`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tigergraph_standin::{Options, Standin, Tls, Version};

/// A TigerGraph stand-in on loopback, to develop against offline.
#[derive(Parser)]
#[command(name = "tigergraph-standin", disable_version_flag = true)]
struct Arguments {
    /// Version to stand in for: 3.1, 3.4, 3.10, 4.0, 4.1, 4.2, 5.0 or any other.
    #[arg(long, default_value = "4.2")]
    version: Version,
    /// Speak TLS, with a certificate made at start.
    #[arg(long)]
    tls: bool,
    /// Where to write the CA certificate to trust.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// Port of the gateway; 0: any.
    #[arg(long, default_value_t = 14240)]
    gateway_port: u16,
    /// Port of REST++; 0: any.
    #[arg(long, default_value_t = 9000)]
    restpp_port: u16,
    /// Port to read the log and script faults by; 0: any.
    #[arg(long)]
    control_port: Option<u16>,
    /// REST++ authentication: on or off.
    #[arg(long, default_value = "on", value_parser = ["on", "off"])]
    auth: String,
    /// What to choose where nobody knows what TigerGraph does, as name=value.
    #[arg(long, value_name = "NAME=VALUE")]
    switch: Vec<String>,
    /// One more user, as name:password.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<String>,
    /// One more graph.
    #[arg(long, value_name = "NAME")]
    graph: Vec<String>,
    /// Print one line of JSON instead of the greeting.
    #[arg(long)]
    print_json: bool,
    /// End when standard input does.
    #[arg(long)]
    exit_with_stdin: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tigergraph-standin: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::new("4.2");
    options.version = arguments.version;
    options.auth_enabled = arguments.auth == "on";
    options.gateway_port = arguments.gateway_port;
    options.restpp_port = arguments.restpp_port;
    options.control_port = arguments.control_port;
    options.tls = arguments.tls.then(Tls::for_loopback);
    for switch in &arguments.switch {
        let (name, value) = switch.split_once('=').ok_or("a switch is written name=value")?;
        options.switches.set(name, value)?;
    }
    let standin = Standin::start(options).map_err(|error| {
        format!("cannot listen: {error}; other ports can be given with --gateway-port and --restpp-port")
    })?;
    for user in &arguments.user {
        let (name, password) = user.split_once(':').ok_or("a user is written name:password")?;
        standin.add_user(name, password, false);
    }
    arguments.graph.iter().for_each(|graph| standin.add_graph(graph));
    if let (Some(file), Some(pem)) = (&arguments.ca_file, standin.ca_pem()) {
        std::fs::write(file, pem)?;
    }
    greet(&arguments, &standin);
    wait(arguments.exit_with_stdin)
}

fn greet(arguments: &Arguments, standin: &Standin) {
    if arguments.print_json {
        let ready = serde_json::json!({
            "gateway_port": standin.gateway_port(), "restpp_port": standin.restpp_port(),
            "gateway_url": standin.gateway_url(), "restpp_url": standin.restpp_url(),
            "control_url": standin.control_url(), "ca_file": arguments.ca_file,
        });
        return println!("{ready}");
    }
    println!("TigerGraph {} stand-in, on this machine only", arguments.version);
    println!("  gateway  {}", standin.gateway_url());
    println!("  REST++   {} (before 4.1)", standin.restpp_url());
    if let Some(url) = standin.control_url() {
        println!("  control  {url}: GET /requests, GET /snapshot, POST /faults");
    }
    println!("  users    tigergraph:tigergraph (superuser), alice:opensesame");
    println!("  graphs   MyGraph, OtherGraph");
    println!("Ends with Ctrl-C.");
}

/// Waits for Ctrl-C, SIGTERM or, if wanted, the end of standard input.
fn wait(with_stdin: bool) -> Result<(), Box<dyn std::error::Error>> {
    if with_stdin {
        std::io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        Ok(())
    })
}
