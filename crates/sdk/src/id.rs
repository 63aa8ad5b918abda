//! New ids, and the dice of samplers: per thread, without lock or system call, and not to be guessed from those that
//! left in headers.

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use model::{EntityId, TraceId};

/// `SipHash-1-3` of a counter, under a key that std draws from the operating system for each thread. Written out for one
/// word: std's takes any input, which costs three times as much.
struct Generator {
    key: [u64; 2],
    counter: u64,
}

impl Generator {
    fn new() -> Self {
        let drawn = RandomState::new();
        Self { key: [drawn.hash_one(0_u64), drawn.hash_one(1_u64)], counter: 0 }
    }

    fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        sip(self.key, self.counter)
    }
}

/// `SipHash-1-3` of the eight bytes of a word. <https://www.aumasson.jp/siphash/siphash.pdf>
fn sip([k0, k1]: [u64; 2], word: u64) -> u64 {
    fn round(v: &mut [u64; 4]) {
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    }
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    // The word, and the last block: nothing but the length.
    for block in [word, 8 << 56] {
        v[3] ^= block;
        round(&mut v);
        v[0] ^= block;
    }
    v[2] ^= 0xff;
    (0..3).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

thread_local! {
    static GENERATOR: RefCell<Generator> = RefCell::new(Generator::new());
}

#[inline]
fn random() -> u64 {
    let drawn = GENERATOR.try_with(|generator| generator.try_borrow_mut().map(|mut own| own.next()));
    match drawn {
        Ok(Ok(drawn)) => drawn,
        // In a destructor while the thread ends: a key of its own, for once.
        _ => RandomState::new().hash_one(0_u64),
    }
}

/// Never 0, which readers take for none.
#[inline]
pub(crate) fn entity_id() -> EntityId {
    EntityId(random().max(1))
}

/// With the epoch second in front, as X-Ray has it.
pub(crate) fn trace_id(epoch_seconds: i64) -> TraceId {
    let mut bytes = [0; 16];
    // The low 32 bits, as in every SDK.
    bytes[..4].copy_from_slice(&(epoch_seconds as u32).to_be_bytes());
    bytes[4..12].copy_from_slice(&random().to_be_bytes());
    bytes[12..].copy_from_slice(&random().to_be_bytes()[..4]);
    TraceId(bytes)
}

/// Uniform in [0, 1).
pub(crate) fn dice() -> f64 {
    const BITS: u32 = 53;
    (random() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_between_calls_and_threads() {
        let draw = || (0..1_000).map(|_| entity_id()).collect::<Vec<_>>();
        let other = std::thread::spawn(draw).join().unwrap();
        let all: HashSet<_> = draw().into_iter().chain(other).collect();
        assert_eq!(all.len(), 2_000);
        assert!(!all.contains(&EntityId(0)));
    }

    /// Against std's, whose key is 0 by itself.
    #[test]
    fn the_hash_is_siphash() {
        use std::hash::{DefaultHasher, Hasher as _};
        for word in [0, 7, u64::MAX] {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(word);
            assert_eq!(sip([0, 0], word), hasher.finish());
        }
        assert_ne!(sip([0, 1], 7), sip([1, 0], 7));
    }

    #[test]
    fn a_trace_id_begins_with_its_second() {
        assert!(trace_id(0x5759_e988).to_string().starts_with("1-5759e988-"));
        assert_ne!(trace_id(0), trace_id(0));
    }

    #[test]
    fn dice_are_uniform_enough() {
        let low = (0..10_000).filter(|_| dice() < 0.25).count();
        assert!((2_000..3_000).contains(&low), "{low}");
    }
}
