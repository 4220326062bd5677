//! What an authority is asked. Source: RFC 3161 §2.4.1; `ledger/anchor/ANCHOR.md`, rule N2.

use crypto::Digest;

use super::parts::{integer, tlv};

/// The algorithm SHA-256. RFC 5754 §2 leaves the parameters out and lets them be NULL: old authorities want them.
const SHA256: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];

/// A `TimeStampReq` for this digest; the answer must hold the nonce, and the authority's certificate.
pub fn request(digest: &Digest, nonce: u64) -> Vec<u8> {
    let imprint = tlv(0x30, &[&SHA256, &tlv(0x04, &[digest.as_bytes()])]);
    tlv(0x30, &[&integer(1), &imprint, &integer(nonce), &[0x01, 0x01, 0xff]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_standard_says() {
        let bytes = request(&Digest::new([0xab; 32]), 0x80);
        let text = hex::encode(bytes);
        let imprint = format!("3031300d060960864801650304020105000420{}", "ab".repeat(32));
        assert_eq!(text, format!("303d020101{imprint}02020080{}", "0101ff"));
    }
}
