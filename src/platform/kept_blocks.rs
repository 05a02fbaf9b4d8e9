//! Small blocks that were freed, kept for the next ones of their size: for musl, whose `malloc` and `free` take three
//! times the instructions of glibc's, and map and unmap a page for each block of 2 KB that comes and goes.
//!
//! No locks, which a fork or a signal handler might come upon while they are held. A block is in one place or none, and
//! whoever takes it out has it alone.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Larger blocks are not kept.
const LARGEST: usize = 4096;
/// The sizes of blocks that are kept: the powers of two from 16 on, and halfway between them. What is asked for is rounded
/// up to one of them.
const SIZES: usize = place_of(LARGEST).0 + 1;
/// What `malloc` gives to every block.
const ALIGNMENT: usize = 16;
/// How many of each size are kept: of all sizes together 114 KB.
const PLACES: usize = 8;

/// The system's allocator, with blocks of [`SIZES`] kept.
pub struct KeptBlocks {
    sizes: [OfOneSize; SIZES],
}

/// NULL where nothing is kept. In one line of the processor's cache.
#[repr(align(64))]
struct OfOneSize([AtomicPtr<u8>; PLACES]);

/// Those of this process.
#[cfg(target_env = "musl")]
pub static KEPT_BLOCKS: KeptBlocks = KeptBlocks::new();

impl KeptBlocks {
    const fn new() -> KeptBlocks {
        KeptBlocks { sizes: [const { OfOneSize([const { AtomicPtr::new(ptr::null_mut()) }; PLACES]) }; SIZES] }
    }

    /// The places for blocks like this one, and how they are laid out; none for a block that is large or asks for more
    /// than the usual alignment.
    fn of(&self, layout: Layout) -> Option<(&OfOneSize, Layout)> {
        if layout.size() > LARGEST || layout.align() > ALIGNMENT {
            return None;
        }
        let (index, size) = place_of(layout.size());
        Some((&self.sizes[index], Layout::from_size_align(size, ALIGNMENT).ok()?))
    }
}

/// Which size holds so many bytes, counted from the smallest, and the size itself.
const fn place_of(bytes: usize) -> (usize, usize) {
    let last = if bytes > 16 { bytes - 1 } else { 15 };
    let (power, half) = (last.ilog2() as usize, last >> (last.ilog2() - 1) & 1);
    (2 * (power - 3) + half - 1, (3 + half) << (power - 1))
}

impl OfOneSize {
    fn take(&self) -> *mut u8 {
        let filled = self.0.iter().filter(|place| !place.load(Ordering::Relaxed).is_null());
        filled
            .map(|place| place.swap(ptr::null_mut(), Ordering::Acquire))
            .find(|b| !b.is_null())
            .unwrap_or(ptr::null_mut())
    }

    /// Whether there was a place for the block.
    fn keep(&self, block: *mut u8) -> bool {
        let mut empty = self.0.iter().filter(|place| place.load(Ordering::Relaxed).is_null());
        empty.any(|place| place.compare_exchange(ptr::null_mut(), block, Ordering::Release, Ordering::Relaxed).is_ok())
    }
}

// SAFETY: a block is handed out to one owner at a time, and comes from the system's allocator and goes back to it with the
// layout that `of` makes of its owner's, which is the same each time.
unsafe impl GlobalAlloc for KeptBlocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (kept, layout) = match self.of(layout) {
            Some((places, layout)) => (places.take(), layout),
            None => (ptr::null_mut(), layout),
        };
        if !kept.is_null() {
            return kept;
        }
        // SAFETY: a layout of more than no bytes, as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (kept, layout) = match self.of(layout) {
            Some((places, layout)) => (places.keep(block), layout),
            None => (false, layout),
        };
        if !kept {
            // SAFETY: the layout that `alloc` had for it; the caller gives it up.
            unsafe { System.dealloc(block, layout) }
        }
    }

    /// The system knows of large blocks that they are zeros, and does not touch them.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.of(layout).is_none() {
            // SAFETY: the caller's layout, passed on.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's layout, passed on.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has at least this size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a layout")
    }

    /// Makes a block and fills it with bytes that say who has it.
    fn filled(blocks: &KeptBlocks, size: usize, owner: u8) -> *mut u8 {
        // SAFETY: a layout of more than no bytes; the block has this size.
        unsafe {
            let block = blocks.alloc(layout(size));
            assert!(!block.is_null());
            block.write_bytes(owner, size);
            block
        }
    }

    /// Whether a block is as its owner left it.
    fn is_whole(block: *mut u8, size: usize, owner: u8) -> bool {
        // SAFETY: the block has this size and is the caller's.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == owner)
    }

    fn free(blocks: &KeptBlocks, block: *mut u8, size: usize) {
        // SAFETY: the block was made by `filled` with this size.
        unsafe { blocks.dealloc(block, layout(size)) }
    }

    #[test]
    fn a_freed_block_is_the_next_of_its_size() {
        let blocks = KeptBlocks::new();
        for (freed, wanted, same) in [
            (1, 16, true),
            (25, 32, true),
            (32, 25, true),
            (33, 32, false),
            (2000, 2048, true),
            (4096, 3073, true),
            (4097, 4097, false),
        ] {
            let one = filled(&blocks, freed, 1);
            free(&blocks, one, freed);
            let next = blocks.of(layout(wanted)).map(|(places, _)| places.take());
            assert_eq!(next == Some(one), same, "{freed} bytes, then {wanted}");
            if same {
                free(&blocks, one, wanted);
            }
        }
    }

    #[test]
    fn every_size_has_the_smallest_place_that_holds_it() {
        let blocks = KeptBlocks::new();
        let sizes: Vec<usize> = (4..12).flat_map(|power| [1 << power, 3 << (power - 1)]).chain([LARGEST]).collect();
        assert_eq!(sizes.len(), SIZES);
        for size in 1..=LARGEST {
            let (places, rounded) = blocks.of(layout(size)).expect("a place");
            let expected = sizes.iter().position(|held| *held >= size).expect("a size");
            assert!(ptr::eq(places, &blocks.sizes[expected]) && rounded.size() == sizes[expected], "{size}");
        }
        assert!(blocks.of(layout(LARGEST + 1)).is_none());
        assert!(blocks.of(Layout::from_size_align(64, 2 * ALIGNMENT).expect("a layout")).is_none());
    }

    #[test]
    fn no_more_are_kept_than_there_are_places() {
        let blocks = KeptBlocks::new();
        let held: Vec<_> = (0..PLACES + 3).map(|_| filled(&blocks, 100, 1)).collect();
        held.iter().for_each(|block| free(&blocks, *block, 100));
        let (places, places_layout) = blocks.of(layout(100)).expect("a place");
        let kept: Vec<_> = (0..PLACES + 3).map(|_| places.take()).filter(|block| !block.is_null()).collect();
        assert_eq!(kept, held[..PLACES]);
        for block in kept {
            // SAFETY: the layout that `of` made of the one that the block was made with; nobody else has it.
            unsafe { System.dealloc(block, places_layout) };
        }
    }

    #[test]
    fn a_block_of_zeros_is_one_though_it_was_used_before() {
        let blocks = KeptBlocks::new();
        for size in [24, 4096, 100_000] {
            let used = filled(&blocks, size, 7);
            free(&blocks, used, size);
            // SAFETY: a layout of more than no bytes.
            let zeroed = unsafe { blocks.alloc_zeroed(layout(size)) };
            assert!(is_whole(zeroed, size, 0), "{size}");
            free(&blocks, zeroed, size);
        }
    }

    #[test]
    fn no_block_has_two_owners() {
        let blocks = &KeptBlocks::new();
        thread::scope(|scope| {
            for owner in 1..=8 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let size = 1 + (round * 37) % 200;
                        let held: Vec<_> = (0..3).map(|_| filled(blocks, size, owner)).collect();
                        thread::yield_now();
                        assert!(held.iter().all(|block| is_whole(*block, size, owner)));
                        held.iter().for_each(|block| free(blocks, *block, size));
                    }
                });
            }
        });
    }
}
