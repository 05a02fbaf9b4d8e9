//! Places for threads that renew tokens: a few in the whole process, and more where a renewal would wait long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use once_cell::sync::Lazy;

use crate::platform::per_process::PerProcess;

/// So many threads renew tokens at once.
const USUAL: usize = 8;
/// So many where a renewal has waited for [`PATIENCE`].
const MOST: usize = 64;
const PATIENCE: Duration = Duration::from_secs(1);

static TAKEN: Lazy<PerProcess<AtomicUsize>> = Lazy::new(PerProcess::default);

/// The place of one thread, free again when it is dropped.
pub(super) struct Place(&'static AtomicUsize);

impl Place {
    /// A place for a renewal that has waited so long for one, if there is one.
    pub fn take(waited: Duration) -> Option<Place> {
        let most = if waited >= PATIENCE { MOST } else { USUAL };
        let taken = TAKEN.get();
        let one_more = |count: usize| (count < most).then_some(count + 1);
        taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok().then(|| Place(taken))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_says_how_many_there_are() {
        let numbers = format!("at most {USUAL} in a process, or {MOST} once a renewal has waited");
        for manual in [include_str!("../../include/tigergraph_auth.h"), include_str!("../../docs/threads.md")] {
            let words = manual.replace(" * ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&numbers), "{numbers}");
        }
    }

    #[test]
    fn there_are_more_places_for_those_who_have_waited() {
        let take = |count: usize, waited: Duration| (0..count).map_while(|_| Place::take(waited)).collect::<Vec<_>>();
        let usual = take(100, Duration::ZERO);
        assert!(usual.len() <= USUAL && Place::take(Duration::from_millis(999)).is_none());
        let more = take(100, PATIENCE);
        assert_eq!(usual.len() + more.len(), MOST);
        drop(usual);
        assert!(Place::take(Duration::ZERO).is_none(), "those who waited took them");
        drop(more);
        assert!(Place::take(Duration::ZERO).is_some());
    }
}
