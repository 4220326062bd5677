//! Ed25519 signatures whose R is the neutral point: the equation holds, and a strict verifier refuses them.
//!
//! With r = 0, S is the challenge times the secret scalar. Libraries that check the equation alone believe such a signature;
//! two of them can be made for one message, and of another kind for a message that was never seen.
//! Source: RFC 8032 §5.1.6, with r = 0 in the place of the hash.

use sha2::{Digest as _, Sha512};

/// A number below 2^256, its lowest digit first.
type Number = [u64; 4];

/// The order of the base point.
const ORDER: Number = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];

fn number(bytes: &[u8; 32]) -> Number {
    let mut digits = [0; 4];
    for (digit, part) in digits.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *digit = u64::from_le_bytes(*part);
    }
    digits
}

fn less(a: &Number, b: &Number) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Takes the order away as often as it fits.
fn reduced(mut a: Number) -> Number {
    while !less(&a, &ORDER) {
        let mut borrow = false;
        for (digit, less) in a.iter_mut().zip(ORDER) {
            let (first, one) = digit.overflowing_sub(less);
            let (second, two) = first.overflowing_sub(u64::from(borrow));
            (*digit, borrow) = (second, one || two);
        }
    }
    a
}

/// The sum of two numbers below the order.
fn sum(a: &Number, b: &Number) -> Number {
    let mut carry = false;
    let mut digits = [0; 4];
    for (digit, (a, b)) in digits.iter_mut().zip(a.iter().zip(b)) {
        let (first, one) = a.overflowing_add(*b);
        let (second, two) = first.overflowing_add(u64::from(carry));
        (*digit, carry) = (second, one || two);
    }
    reduced(digits)
}

/// The signature of a message by the key of this seed.
pub fn sign(seed: &[u8; 32], public: &[u8], message: &[u8]) -> Vec<u8> {
    let expanded = Sha512::digest(seed);
    let mut scalar: [u8; 32] = expanded[..32].try_into().expect("half of it");
    scalar[0] &= 248;
    scalar[31] = scalar[31] & 127 | 64;
    let scalar = reduced(number(&scalar));
    let mut neutral = vec![0; 32];
    neutral[0] = 1;
    let challenge = Sha512::digest([&neutral, public, message].concat());
    // Double and add, from the highest bit of the challenge.
    let mut s = [0; 4];
    for bit in (0..512).rev() {
        s = sum(&s, &s);
        if challenge[bit / 8] >> (bit % 8) & 1 == 1 {
            s = sum(&s, &scalar);
        }
    }
    let s = s.iter().flat_map(|digit| digit.to_le_bytes());
    neutral.into_iter().chain(s).collect()
}
