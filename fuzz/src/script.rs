//! The answers of a server as an input of the fuzzer spells them.

use std::collections::VecDeque;

/// Begins the next answer.
pub const NEXT: u8 = 0x1e;
/// Repeats the last bytes of an answer: as many as the next byte says, doubled as often as the one after that
/// says, so that a short input can be a long answer.
pub const REPEAT: u8 = 0x1f;
/// No answer gets longer than this by repetition: longer than a token's may be.
const LONGEST: usize = 80 * 1024;

/// The answers that an input stands for.
pub fn answers(script: &[u8]) -> VecDeque<Vec<u8>> {
    script.split(|byte| *byte == NEXT).map(answer).collect()
}

fn answer(script: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut bytes = script.iter();
    while let Some(byte) = bytes.next() {
        match (*byte, bytes.as_slice()) {
            (REPEAT, [length, times, rest @ ..]) => {
                repeat(&mut answer, usize::from(*length), 1 << (times & 15));
                bytes = rest.iter();
            }
            _ => answer.push(*byte),
        }
    }
    answer
}

fn repeat(answer: &mut Vec<u8>, length: usize, times: usize) {
    let length = length.min(answer.len());
    let room = LONGEST.saturating_sub(answer.len()) / length.max(1);
    let last = answer[answer.len() - length..].to_vec();
    answer.extend(last.repeat(times.min(room)));
}
