//! Target: the framing of answers.

use super::heap;
use tigergraph_auth::Result;
use tigergraph_auth::unversioned::framing::{Framing, HEAD_LIMIT};

/// An answer is read the same however it is cut, down to what is passed on, and keeps at most one head.
pub fn any(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else {
        return;
    };
    let mut all = bytes.to_vec();
    let (whole, peak) = heap(|| Framing::default().feed(&mut all));
    assert!(peak <= 3 * HEAD_LIMIT, "{peak} bytes of heap");
    // Where a fault is seen may depend on the cut, and so its words, but not whether and as what.
    let whole = whole.map(|kept| all[..kept].to_vec()).map_err(|error| error.reason());
    let pieces = feed_in(bytes, usize::from(*size).max(1)).map_err(|error| error.reason());
    assert_eq!(whole, pieces, "cut into pieces of {size} bytes");
}

/// What is passed on of the pieces, one after the other, unless one is refused.
fn feed_in(bytes: &[u8], size: usize) -> Result<Vec<u8>> {
    let (mut framing, mut passed_on) = (Framing::default(), Vec::new());
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        let kept = framing.feed(&mut piece)?;
        passed_on.extend_from_slice(&piece[..kept]);
    }
    Ok(passed_on)
}
