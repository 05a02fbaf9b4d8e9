//! Which of the servers a call asks.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::conn::nodes::{Nodes, Tried};
use crate::platform::clock::boot_clock;

/// Which server a call asks, and which it has tried before.
pub(super) struct Turn {
    pub number: Cell<usize>,
    /// Since when it asks that one.
    pub since: Cell<Duration>,
    /// Whether another one would have come first.
    pub has_passed: Cell<bool>,
    pub tried: Cell<Tried>,
    /// How many operations are inside of each other.
    pub depth: Cell<u32>,
    /// Where no connection was possible, and why.
    pub failures: RefCell<Vec<String>>,
}

impl Turn {
    pub fn new(nodes: &Nodes) -> Turn {
        let turn = Turn {
            number: Cell::new(nodes.in_use()),
            since: Cell::default(),
            has_passed: Cell::new(false),
            tried: Cell::default(),
            depth: Cell::new(0),
            failures: RefCell::default(),
        };
        if !nodes.is_one() {
            turn.go_on(nodes);
        }
        turn
    }

    /// Turns to the next server; whether there is one.
    pub fn go_on(&self, nodes: &Nodes) -> bool {
        let next = nodes.next(self.tried.get());
        next.inspect(|number| self.turn_to(*number, nodes)).is_some()
    }

    /// Turns to this one.
    pub fn turn_to(&self, number: usize, nodes: &Nodes) {
        self.number.set(number);
        self.since.set(boot_clock());
        self.has_passed.set(number != nodes.in_use());
    }
}
