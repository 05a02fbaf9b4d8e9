//! The part of a diagnosis that looks whether the servers can be connected to.

use std::time::Duration;

use crate::conn::Connection;
use crate::conn::call::{Call, is_absent};
use crate::conn::nodes::Node;
use crate::error::{Error, Status};
use crate::wire::probe::{Outcome, Step};

/// The step of each of several servers.
const CONNECT: &str = "connect";

/// What was found of the way to the servers.
pub(super) struct Way {
    pub steps: Vec<Step>,
    /// What does not keep the others from working.
    pub warnings: Vec<String>,
    /// Why no call would get to a server.
    pub blocked: Option<Error>,
    /// Whether REST++ may still be on its old port.
    pub may_go_on: bool,
}

impl Connection {
    /// Connects to the server, or to each of several. The call goes on with the one that every call would.
    pub(super) fn look_at_way(&self, call: &Call) -> Way {
        if self.core.nodes.is_one() { self.look_at_one(call) } else { self.look_at_each(call) }
    }

    fn look_at_one(&self, call: &Call) -> Way {
        let steps = self.probe(call.node(), call);
        let blocked = steps.iter().find_map(Step::failure).cloned();
        let may_go_on = blocked.as_ref().is_some_and(|error| may_go_on(call.node(), error));
        Way { steps, warnings: Vec::new(), blocked, may_go_on }
    }

    fn look_at_each(&self, call: &Call) -> Way {
        let nodes = self.core.nodes.all();
        let steps: Vec<Step> = (0..nodes.len()).map(|number| self.probe_in_one(number, call)).collect();
        let mut way = Way { steps, warnings: Vec::new(), blocked: None, may_go_on: false };
        let (mut passed, mut reached): (Vec<(Error, &Node)>, bool) = (Vec::new(), false);
        for number in self.core.nodes.in_turn() {
            let Some(error) = way.steps[number].failure() else {
                call.turn_to(number);
                reached = true;
                break;
            };
            if !matches!(error.status(), Status::Connect | Status::Timeout) {
                // A call would end here, too.
                (way.blocked, reached) = (Some(error.clone()), true);
                break;
            }
            nodes[number].has_failed(error);
            way.may_go_on |= may_go_on(&nodes[number], error);
            passed.push((error.clone(), &nodes[number]));
        }
        if !reached {
            way.blocked = all_failed(&passed);
        }
        if way.blocked.is_none() {
            let failures = way.steps.iter().zip(nodes).filter_map(|(step, node)| Some((step.failure()?, node)));
            way.warnings = failures
                .map(|(error, node)| {
                    let (server, reason) = (&node.route().gateway, error.reason().id());
                    format!("no connection to {server} ({reason}); the other servers are used")
                })
                .collect();
        }
        way
    }

    /// All that was found of one of several servers.
    fn probe_in_one(&self, number: usize, call: &Call) -> Step {
        let node = self.core.nodes.get(number);
        let left = self.core.nodes.all().len() - number - 1;
        call.deadline.share_with(u32::try_from(left).unwrap_or(0) + 1);
        let steps = self.probe(node, call);
        let server = &node.route().gateway;
        let took = steps.iter().filter_map(|step| step.took).sum::<Duration>();
        let failure = steps.iter().find_map(Step::failure).map(|error| error.clone().about(server));
        let mut whole = Step::tried(CONNECT, failure.map_or(Ok(()), Err), took);
        whole.facts.push(("server", server.clone()));
        whole.facts.extend(steps.into_iter().flat_map(|step| step.facts));
        whole
    }

    fn probe(&self, node: &Node, call: &Call) -> Vec<Step> {
        let mut steps = self.core.http.probe(&node.route().gateway, &call.deadline);
        let is_gone = steps.iter().find_map(Step::failure).is_some_and(is_absent);
        if let Some(written) = node.route().as_written.as_ref().filter(|_| is_gone) {
            steps = self.core.http.probe(&written.gateway, &call.deadline);
        }
        steps.iter_mut().for_each(|step| hide_credentials(step, call));
        steps
    }
}

/// The failure of the first server, which also names the others.
fn all_failed(failures: &[(Error, &Node)]) -> Option<Error> {
    let ((first, _), others) = failures.split_first()?;
    let in_short = |(error, node): &(Error, &Node)| format!("{} ({})", node.route().gateway, error.reason().id());
    let others: Vec<String> = others.iter().map(in_short).collect();
    let message = format!("{}; no connection to {} either", first.message(), others.join(", "));
    Some(first.clone().with_message(message))
}

/// Whether REST++ may be on its old port where nothing is at the gateway's.
fn may_go_on(node: &Node, error: &Error) -> bool {
    is_absent(error) && node.route().restpp_fallback.is_some()
}

/// Whether a step is that of one of several servers.
pub(super) fn is_of_several(step: &Step) -> bool {
    step.name == CONNECT
}

/// A server may have put a credential that it knows into its certificate.
pub(super) fn hide_credentials(step: &mut Step, call: &Call) {
    for (_, value) in &mut step.facts {
        *value = call.redactor.hide_known(value).to_string();
    }
    if let Outcome::Failed(error) = &step.outcome {
        step.outcome = Outcome::Failed(call.without_credentials(error.clone()));
    }
}
