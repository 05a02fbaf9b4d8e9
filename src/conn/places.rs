//! Places for threads that renew tokens: a few in the whole process, and more the longer a renewal has waited.
//!
//! Where callers wait, they come again until there is a place. A renewal that nobody waits for, because its caller may
//! not wait, is put into a queue: the thread that is done with another one takes it over. Where none is done in time,
//! those threads start it beside what they wait for themselves: no thread is there for that alone.

use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::conn::sync::Builder;
use crate::platform::clock::boot_clock;
use crate::platform::fork::forks;
#[cfg(not(feature = "test-shuttle"))]
use crate::platform::made_once::MadeOnce;
use crate::platform::per_process::PerProcess;
use crate::platform::process;

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

/// What a thread with a place does.
pub(super) trait Job: Send {
    /// Does it.
    fn run(self: Box<Self>);
    /// No thread can be made for it.
    fn give_up(self: Box<Self>);
    /// Whether it is not wanted any more once this flag is set.
    fn is_ended_by(&self, flag: &Arc<AtomicBool>) -> bool;
}

/// The places of this process. Where something is in the queue, at least [`USUAL`] of them are taken: whoever leaves one
/// and takes nothing over leaves so many behind.
#[derive(Default)]
struct Places {
    taken: usize,
    queue: VecDeque<Queued>,
}

struct Queued {
    since: Duration,
    job: Box<dyn Job>,
}

impl Places {
    fn take_one_of(&mut self, most: usize) -> bool {
        let is_free = self.taken < most;
        self.taken += usize::from(is_free);
        is_free
    }

    /// How many places may be taken once the first in the queue has one; `None` if nothing is in it.
    fn most_for_queue(&self) -> Option<usize> {
        self.queue.front().map(|first| most_for_first(boot_clock().saturating_sub(first.since)))
    }
}

#[cfg(not(feature = "test-shuttle"))]
fn of_process() -> &'static Mutex<Places> {
    static PLACES: MadeOnce<PerProcess<Mutex<Places>>> = MadeOnce::new(PerProcess::default);
    PLACES.get()
}

/// Under the model checker each scenario has its own: all of its threads are one of the system's.
#[cfg(feature = "test-shuttle")]
fn of_process() -> &'static Mutex<Places> {
    std::thread_local! {
        static PLACES: &'static PerProcess<Mutex<Places>> = Box::leak(Box::default());
    }
    PLACES.with(|places| *places).get()
}

fn lock(places: &'static Mutex<Places>) -> MutexGuard<'static, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of one thread, free again when it is dropped.
pub struct Place {
    places: &'static Mutex<Places>,
    /// Not for a renewal that waits for the program and not for a server.
    is_counted: bool,
    /// A child has places of its own.
    forks: u64,
}

impl Place {
    /// A place for a renewal that has waited so long for one, if there is one.
    pub fn take(waited: Duration) -> Option<Place> {
        Place::take_one_of(most_after(waited))
    }

    /// The same for the request for a first token, which nobody renews in time.
    pub fn take_first(waited: Duration) -> Option<Place> {
        Place::take_one_of(most_for_first(waited))
    }

    fn take_one_of(most: usize) -> Option<Place> {
        let places = of_process();
        lock(places).take_one_of(most).then(|| Place::of(places))
    }

    fn of(places: &'static Mutex<Places>) -> Place {
        Place { places, is_counted: true, forks: forks() }
    }

    /// A place beside the others, for a renewal that waits for the program's own function.
    pub(super) fn uncounted() -> Place {
        Place { places: of_process(), is_counted: false, forks: forks() }
    }

    /// A place for the request for a first token that nobody waits for; if none is free, it goes into the queue.
    pub(super) fn take_or_queue(job: Box<dyn Job>) -> Option<(Place, Box<dyn Job>)> {
        let places = of_process();
        let mut locked = lock(places);
        if locked.take_one_of(most_for_first(Duration::ZERO)) {
            return Some((Place::of(places), job));
        }
        locked.queue.push_back(Queued { since: boot_clock(), job });
        None
    }

    /// Runs the job on a new thread, and after it what is in the queue; gives both back if no thread can be made.
    pub(super) fn start(self, job: Box<dyn Job>) -> Result<(), (Place, Box<dyn Job>)> {
        let work = Arc::new(Mutex::new(Some((self, job))));
        let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let of_thread = work.clone();
        let start = || {
            Builder::new().name(process::RENEWAL_THREAD.into()).stack_size(process::stack()).spawn(move || {
                process::begin_library_thread();
                let mut next = take(&of_thread);
                while let Some((place, job)) = next {
                    // A job ends its own business when it panics.
                    let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
                    next = place.pass_on();
                }
            })
        };
        let started = process::without_signals(start);
        let left = started.err().and_then(|_| take(&work));
        left.map_or(Ok(()), Err)
    }

    /// The place with the next job of the queue, or the place is free.
    fn pass_on(self) -> Option<(Place, Box<dyn Job>)> {
        let place = ManuallyDrop::new(self);
        if !place.is_counted || place.forks != forks() {
            return None;
        }
        let mut places = lock(place.places);
        let next = places.most_for_queue().filter(|most| places.taken <= *most).and_then(|_| places.queue.pop_front());
        if next.is_none() {
            places.taken -= 1;
        }
        drop(places);
        next.map(|next| (ManuallyDrop::into_inner(place), next.job))
    }

    /// Puts a job back for which no thread can be made now.
    fn put_back(self, queued: Queued) {
        lock(self.places).queue.push_front(queued);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The parent's are perhaps locked for ever.
        if !self.is_counted || self.forks != forks() {
            return;
        }
        let mut places = lock(self.places);
        places.taken -= 1;
        // Nobody is left who would take these over.
        let left = if places.taken == 0 { std::mem::take(&mut places.queue) } else { VecDeque::new() };
        drop(places);
        left.into_iter().for_each(|queued| queued.job.give_up());
    }
}

/// Starts what has been in the queue for too long. Called by those who wait for something else.
pub(super) fn start_overdue() {
    while let Some((place, Queued { since, job })) = take_overdue() {
        if let Err((place, job)) = place.start(job) {
            return place.put_back(Queued { since, job });
        }
    }
}

fn take_overdue() -> Option<(Place, Queued)> {
    let places = of_process();
    let mut locked = lock(places);
    let most = locked.most_for_queue()?;
    let next = locked.take_one_of(most).then(|| locked.queue.pop_front());
    next.flatten().map(|queued| (Place::of(places), queued))
}

/// Takes what is not wanted any more out of the queue.
pub(super) fn leave_queue(flag: &Arc<AtomicBool>) {
    let mut places = lock(of_process());
    let found = places.queue.iter().position(|queued| queued.job.is_ended_by(flag));
    let left = found.and_then(|index| places.queue.remove(index));
    drop(places);
    drop(left);
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

/// The same for a first token.
fn most_for_first(waited: Duration) -> usize {
    if waited < FOR_FIRST_TOKENS { USUAL } else { MOST }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// These tests take all places there are.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that it ran, or that it was given up.
    struct Said {
        number: usize,
        said: Sender<(usize, &'static str)>,
        flag: Arc<AtomicBool>,
    }

    impl Job for Said {
        fn run(self: Box<Self>) {
            let _ = self.said.send((self.number, "ran"));
        }

        fn give_up(self: Box<Self>) {
            let _ = self.said.send((self.number, "given up"));
        }

        fn is_ended_by(&self, flag: &Arc<AtomicBool>) -> bool {
            Arc::ptr_eq(&self.flag, flag)
        }
    }

    fn job(number: usize, said: &Sender<(usize, &'static str)>) -> (Box<dyn Job>, Arc<AtomicBool>) {
        let flag = Arc::<AtomicBool>::default();
        (Box::new(Said { number, said: said.clone(), flag: flag.clone() }), flag)
    }

    /// All usual places, once no renewal of another test has one.
    fn all_usual() -> Vec<Place> {
        for _ in 0..1000 {
            let usual: Vec<Place> = (0..USUAL).map_while(|_| Place::take(Duration::ZERO)).collect();
            if usual.len() == USUAL {
                return usual;
            }
            drop(usual);
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("other tests hold some")
    }

    /// These places, and what is in the queue then.
    fn with_queue(numbers: &[usize], said: &Sender<(usize, &'static str)>) -> (Vec<Place>, Vec<Arc<AtomicBool>>) {
        let usual = all_usual();
        let queue = |number: &usize| {
            let (job, flag) = job(*number, said);
            assert!(Place::take_or_queue(job).is_none(), "there was a place");
            flag
        };
        (usual, numbers.iter().map(queue).collect())
    }

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
        let _alone = alone();
        let take = |count: usize, waited: Duration| (0..count).map_while(|_| Place::take(waited)).collect::<Vec<_>>();
        let usual = all_usual();
        assert!(Place::take(Duration::from_millis(1)).is_none());
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

    #[test]
    fn whoever_is_done_takes_over_what_is_in_the_queue() {
        let _alone = alone();
        let (said, heard) = channel();
        let (mut usual, flags) = with_queue(&[1, 2, 3], &said);
        leave_queue(&flags[1]);
        let last = usual.pop().expect("a place");
        let (first, _) = job(0, &said);
        assert!(last.start(first).is_ok());
        let in_order: Vec<usize> = (0..3).map(|_| heard.recv_timeout(LONG).expect("a job").0).collect();
        assert_eq!(in_order, [0, 1, 3]);
        drop(usual);
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn what_waits_too_long_is_started_beside_the_others() {
        let _alone = alone();
        let (said, heard) = channel();
        let (usual, _) = with_queue(&[1, 2], &said);
        start_overdue();
        assert!(heard.recv_timeout(SHORT).is_err(), "there was no place for it");
        std::thread::sleep(FOR_FIRST_TOKENS);
        start_overdue();
        let mut both: Vec<usize> = (0..2).map(|_| heard.recv_timeout(LONG).expect("a job").0).collect();
        both.sort_unstable();
        assert_eq!(both, [1, 2]);
        drop(usual);
    }

    #[test]
    fn nothing_stays_in_the_queue_where_no_thread_can_be_made() {
        let _alone = alone();
        let (said, heard) = channel();
        let (usual, _) = with_queue(&[1, 2], &said);
        drop(usual);
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [(1, "given up"), (2, "given up")]);
    }
}
