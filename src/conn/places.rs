//! Places for threads that renew tokens: a few in the whole process, and more the longer a renewal has waited.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use once_cell::sync::Lazy;

use crate::platform::per_process::PerProcess;

/// So many threads renew tokens at once.
const USUAL: usize = 8;
/// So many where a renewal has waited for [`LONG`]. The others are free by and by before that, so that those who have
/// waited longest come first.
const MOST: usize = 64;
const LONG: Duration = Duration::from_secs(2);
/// All but a few are free after [`SHORT`]: tokens that live for 20 s have 2 s for their renewal.
const NEARLY_ALL: usize = 56;
const SHORT: Duration = Duration::from_millis(250);

/// Where there is no good token yet, they are all free at once, after this.
const FOR_FIRST_TOKENS: Duration = Duration::from_secs(1);

static TAKEN: Lazy<PerProcess<AtomicUsize>> = Lazy::new(PerProcess::default);

/// The place of one thread, free again when it is dropped.
pub(super) struct Place(&'static AtomicUsize);

impl Place {
    /// A place for a renewal that has waited so long for one, if there is one.
    pub fn take(waited: Duration) -> Option<Place> {
        Place::take_one_of(most_after(waited))
    }

    /// The same for the request for a first token, which nobody renews in time.
    pub fn take_first(waited: Duration) -> Option<Place> {
        Place::take_one_of(if waited < FOR_FIRST_TOKENS { USUAL } else { MOST })
    }

    fn take_one_of(most: usize) -> Option<Place> {
        let taken = TAKEN.get();
        let one_more = |count: usize| (count < most).then_some(count + 1);
        taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok().then(|| Place(taken))
    }
}

/// How many places may be taken when a renewal that has waited so long takes one.
fn most_after(waited: Duration) -> usize {
    let part =
        |of: usize, waited: Duration, time: Duration| of * waited.as_millis() as usize / time.as_millis() as usize;
    match waited {
        _ if waited < SHORT => USUAL + part(NEARLY_ALL - USUAL, waited, SHORT),
        _ if waited < LONG => NEARLY_ALL + part(MOST - NEARLY_ALL, waited - SHORT, LONG - SHORT),
        _ => MOST,
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
        let numbers = format!("at most {USUAL} in a process, or up to {MOST} if renewals have to wait");
        for manual in [include_str!("../../include/tigergraph_auth.h"), include_str!("../../docs/threads.md")] {
            let words = manual.replace(" * ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&numbers), "{numbers}");
        }
    }

    #[test]
    fn there_are_more_places_for_those_who_have_waited() {
        let take = |count: usize, waited: Duration| (0..count).map_while(|_| Place::take(waited)).collect::<Vec<_>>();
        let usual = take(100, Duration::ZERO);
        assert!(usual.len() <= USUAL && Place::take(Duration::from_millis(1)).is_none());
        let nearly_all = take(100, SHORT);
        assert_eq!(usual.len() + nearly_all.len(), NEARLY_ALL);
        let more = take(100, LONG);
        assert_eq!(usual.len() + nearly_all.len() + more.len(), MOST);
        drop(usual);
        assert!(Place::take(Duration::ZERO).is_none(), "those who waited took them");
        drop(more);
        assert!(Place::take(SHORT / 2).is_none(), "those who waited longer come first");
        assert!(Place::take_first(FOR_FIRST_TOKENS - Duration::from_millis(1)).is_none());
        assert!(Place::take_first(FOR_FIRST_TOKENS).is_some());
        drop(nearly_all);
        assert!(Place::take(Duration::ZERO).is_some());
    }

    #[test]
    fn the_longer_a_renewal_waits_the_more_places_there_are() {
        let most: Vec<usize> = (0..=300).map(|n| most_after(Duration::from_millis(10 * n))).collect();
        assert!(most.is_sorted() && most[0] == USUAL && most[25] == NEARLY_ALL && most[200] == MOST);
        assert_eq!(most_after(Duration::MAX), MOST);
    }
}
