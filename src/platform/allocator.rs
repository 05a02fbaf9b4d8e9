//! Wipes every block of memory that this library frees, whoever freed it: HTTP, TLS and JSON crates
//! leave copies of credentials behind that no type of ours can reach. Exports nothing.
//!
//! Behind the feature `wiping-allocator`, which the C library has and a Rust program may do without.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

#[cfg(not(target_env = "musl"))]
use std::alloc::System as Below;

use super::MOVES_PAGES;
#[cfg(target_env = "musl")]
use super::kept_blocks::KEPT_BLOCKS as Below;

/// An allocator that wipes what it gets back, before the one below it may hand it out again.
struct Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// Blocks that begin at multiples of more than this are cut out of larger ones, because the C library's own function for
/// them takes ten times as long as `malloc` (glibc, before 2.38).
const USUAL_ALIGN: usize = 16;
/// Before what is cut out stands a pointer to the beginning of the larger block.
const POINTER: usize = size_of::<*mut u8>();

/// What a block of this layout is cut out of, if it is.
#[inline]
fn around(layout: Layout) -> Option<Layout> {
    let is_cut_out = layout.align() > USUAL_ALIGN && !has_pages(layout);
    if is_cut_out { Layout::from_size_align(layout.size() + layout.align(), POINTER).ok() } else { None }
}

/// Shorter blocks are not worth the calls of the system.
const LONG: usize = 4 * 1024 * 1024;
/// No page is smaller.
const PAGE: usize = 4096;

/// Whether a block has pages of its own. The C library gives them to long blocks too, but does not tell to which.
#[inline]
fn has_pages(layout: Layout) -> bool {
    MOVES_PAGES && layout.size() >= LONG && layout.align() <= PAGE
}

/// Pages for so many bytes, all zeros; NULL if there are none.
#[cfg(target_os = "linux")]
#[cold]
fn new_pages(bytes: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: the system chooses where they are.
    pointer_to(unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) })
}

/// Nobody asks for them here.
#[cfg(not(target_os = "linux"))]
fn new_pages(_: usize) -> *mut u8 {
    ptr::null_mut()
}

#[cfg(target_os = "linux")]
fn pointer_to(pages: *mut libc::c_void) -> *mut u8 {
    if pages == libc::MAP_FAILED { ptr::null_mut() } else { pages.cast() }
}

// SAFETY: every block comes from the allocator below, or is made of pages, and goes back in the same way, because it has
// the same layout then; what is written lies inside of a block that its owner has given up.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if has_pages(layout) {
            return new_pages(layout.size());
        }
        // SAFETY: the caller's layout, passed on; or one that has room for the caller's block wherever it begins, and for a
        // pointer before it, because both begin at multiples of a pointer's size.
        unsafe {
            let Some(around) = around(layout) else { return Below.alloc(layout) };
            let start = Below.alloc(around);
            if start.is_null() {
                return start;
            }
            let block = start.add(layout.align() - start.addr() % layout.align());
            block.cast::<*mut u8>().sub(1).write(start);
            block
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if has_pages(layout) {
            return new_pages(layout.size());
        }
        // SAFETY: the caller's layout, passed on; what is written is a new block.
        unsafe {
            if layout.align() <= USUAL_ALIGN {
                return Below.alloc_zeroed(layout);
            }
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    /// Not inlined: it is called in thousands of places.
    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives the block up, which has this many bytes; before one that was cut out stands its pointer.
        unsafe {
            block.write_bytes(0, layout.size());
            // Without this the compiler may see that nobody reads the zeros, and leave them out.
            std::hint::black_box(block);
            #[cfg(target_os = "linux")]
            if has_pages(layout) {
                libc::munmap(block.cast(), layout.size());
                return;
            }
            match around(layout) {
                Some(around) => Below.dealloc(block.cast::<*mut u8>().sub(1).read(), around),
                None => Below.dealloc(block, layout),
            }
        }
    }

    /// The allocator below would leave the old bytes where they were. Pages take theirs along; those that are given back are
    /// wiped first, as all that is freed.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises a block of this layout, and a size of more than no bytes that makes a valid one; both
        // blocks have at least the shorter size, and the old one is given up.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(new_size, layout.align());
            #[cfg(target_os = "linux")]
            if has_pages(layout) && new_size > layout.size() {
                return pointer_to(libc::mremap(block.cast(), layout.size(), new_size, libc::MREMAP_MAYMOVE));
            }
            let new = self.alloc(new_layout);
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn blocks_begin_where_they_have_to() {
        for align in (0..=14).map(|bits| 1 << bits) {
            for size in [1, 24, 64, 1000] {
                let layout = Layout::from_size_align(size, align).unwrap();
                // SAFETY: each block is used as long as its layout says, and freed with it, or with that of its new size.
                unsafe {
                    let blocks = [0; 9].map(|_| ALLOCATOR.alloc(layout));
                    for block in blocks {
                        assert!(!block.is_null() && block.addr() % align == 0, "{layout:?}");
                        block.write_bytes(7, size);
                        let more = ALLOCATOR.realloc(block, layout, size + 100);
                        assert!(
                            more.addr() % align == 0 && std::slice::from_raw_parts(more, size).iter().all(|b| *b == 7)
                        );
                        ALLOCATOR.dealloc(more, Layout::from_size_align(size + 100, align).unwrap());
                    }
                    let zeroed = ALLOCATOR.alloc_zeroed(layout);
                    assert!(zeroed.addr() % align == 0);
                    assert!(std::slice::from_raw_parts(zeroed, size).iter().all(|byte| *byte == 0));
                    ALLOCATOR.dealloc(zeroed, layout);
                }
            }
        }
    }

    #[test]
    fn long_blocks_do_so_too() {
        let number = |index: usize| (index % 251) as u8;
        let mut block: Vec<u8> = (0..100).map(number).collect();
        for bytes in [LONG - 1, LONG, LONG + 1, 3 * LONG, 2 * LONG, LONG, LONG - 1, 100] {
            let before = block.len().min(bytes);
            block.truncate(bytes);
            block.shrink_to_fit();
            block.reserve_exact(bytes - block.len());
            assert!(block.iter().enumerate().all(|(index, byte)| *byte == number(index)), "{bytes}");
            block.extend((before..bytes).map(number));
        }
        let zeroed = vec![0u8; LONG + 1];
        assert!(zeroed.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn more_memory_than_there_is_cannot_be_had() {
        assert!(Vec::<u8>::new().try_reserve_exact(isize::MAX as usize).is_err());
        let mut long = vec![1u8; LONG];
        assert!(long.try_reserve_exact(isize::MAX as usize - LONG).is_err());
        assert!(long.len() == LONG && long.iter().all(|byte| *byte == 1));
    }
}
