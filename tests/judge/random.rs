//! Numbers that depend on a seed and on nothing else, so that a case is the same everywhere and always.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore as _, SeedableRng as _};

pub struct Random(SplitMix64);

impl Random {
    /// For one case of a family.
    pub fn new(seed: u64, family: &str, index: u64) -> Random {
        let family = family
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let of_family = SplitMix64::seed_from_u64(seed ^ family).next_u64();
        Random(SplitMix64::seed_from_u64(of_family ^ index))
    }

    /// From 0 up to, and without, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
