//! Target: the framing of answers.

use super::heap;
use tigergraph_auth::Result;
use tigergraph_auth::unversioned::framing::{Framing, HEAD_LIMIT};

/// An answer is read the same however it is cut, and keeps at most one head.
pub fn any(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else {
        return;
    };
    let (whole, peak) = heap(|| Framing::default().feed(bytes));
    assert!(peak <= 3 * HEAD_LIMIT, "{peak} bytes of heap");
    // Where a fault is seen may depend on the cut, and so its words, but not whether and as what.
    let verdict = |read: Result<()>| read.map_err(|error| error.reason());
    let pieces = feed_in(bytes, usize::from(*size).max(1));
    assert_eq!(verdict(whole), verdict(pieces), "cut into pieces of {size} bytes");
}

/// The pieces one after the other, up to the first that is refused.
fn feed_in(bytes: &[u8], size: usize) -> Result<()> {
    let mut framing = Framing::default();
    bytes.chunks(size).try_for_each(|piece| framing.feed(piece))
}
