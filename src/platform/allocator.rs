//! Wipes every block of memory that this library frees, whoever freed it: HTTP, TLS and JSON crates
//! leave copies of credentials behind that no type of ours can reach. Exports nothing.
//!
//! Behind the feature `wiping-allocator`, which the C library has and a Rust program may do without.

use std::alloc::{GlobalAlloc, Layout};

#[cfg(not(target_env = "musl"))]
use std::alloc::System as Below;

#[cfg(target_env = "musl")]
use crate::platform::kept_blocks::KEPT_BLOCKS as Below;

/// An allocator that wipes what it gets back, before the one below it may hand it out again.
struct Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

// SAFETY: every block comes from the allocator below and goes back to it with the same layout; what
// is written lies inside of a block that its owner has given up.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's layout, passed on.
        unsafe { Below.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's layout, passed on.
        unsafe { Below.alloc_zeroed(layout) }
    }

    /// Not inlined: it is called in thousands of places.
    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives the block up, which has this many bytes.
        unsafe {
            block.write_bytes(0, layout.size());
            // Without this the compiler may see that nobody reads the zeros, and leave them out.
            std::hint::black_box(block);
            Below.dealloc(block, layout);
        }
    }

    /// That of the allocator below would leave the old bytes where they were.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that makes a valid layout.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: a valid layout of more than no bytes, as the caller promises.
        let new = unsafe { Below.alloc(new_layout) };
        if !new.is_null() {
            // SAFETY: both blocks have at least the shorter size; the old one is given up.
            unsafe {
                new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn blocks_grow_and_shrink_with_what_is_in_them() {
        let mut text = String::with_capacity(1);
        (0..10_000).for_each(|n| text.push(char::from(b'a' + (n % 26) as u8)));
        text.truncate(100);
        text.shrink_to_fit();
        assert_eq!(text.len(), 100);
        assert!(text.starts_with("abcdef") && text.ends_with('v'));
        let zeroed = vec![0u8; 4096];
        assert!(zeroed.iter().all(|byte| *byte == 0));
    }
}
