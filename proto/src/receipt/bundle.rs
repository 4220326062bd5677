//! A receipt with all that belongs to it, in one file: the signed submission, receipts in COSE, where the author's key was
//! listed and ended, room for anchors.
//!
//! It holds no root of trust: whom to believe comes from a policy that came another way. Members are a closed set, each
//! bounded before it is decoded, and each is checked (`ledger/verify`).

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rfc9942::BARE_BYTES_MAX;
use super::{Base64, Hashes, Index, Issued, Json, Receipt, ReceiptError, WRITABLE, Written};
use crate::counter::LeafIndex;

/// A receipt and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The receipt.
    pub receipt: Receipt,
    /// The signed envelope in the entry, for those who do not read entries.
    pub submission: Option<Vec<u8>>,
    /// What single validators say of the same leaf under the same checkpoint.
    pub cose: Vec<Issued>,
    /// Why the key was the author's.
    pub standing: Option<KeyProof>,
}

/// The leaves that say what a key of a registered identity was good for, under the checkpoint of the receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProof {
    /// The leaf that listed it.
    pub listed: ProvenLeaf,
    /// The leaf that retired or revoked it, if one did.
    pub ended: Option<ProvenLeaf>,
}

/// A leaf with the path to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLeaf {
    /// Its place in the log.
    pub index: LeafIndex,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// The hashes beside its way to the root, lowest first.
    pub proof: Vec<Digest>,
}

impl Bundle {
    /// What the member `format` says.
    pub const FORMAT: &str = "quorate/bundle/v1";
    /// Longest bundle, in bytes.
    pub const BYTES_MAX: usize = 2 << 20;
    /// Most receipts in COSE.
    pub const COSE_MAX: usize = 4;

    /// A receipt with nothing beside it.
    pub const fn of(receipt: Receipt) -> Self {
        Self { receipt, submission: None, cose: Vec::new(), standing: None }
    }

    /// The bundle as one line of JSON, without white space.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.members()).expect(WRITABLE)
    }

    /// The same as a value, for an answer that holds it.
    pub fn to_json_value(&self) -> serde_json::Value {
        serde_json::to_value(self.members()).expect(WRITABLE)
    }

    fn members(&self) -> WrittenBundle<'_> {
        let Self { receipt, submission, cose, standing } = self;
        WrittenBundle {
            format: Self::FORMAT,
            receipt: receipt.written(),
            submission: submission.as_ref().map(|bytes| STANDARD.encode(bytes)),
            cose: cose.iter().map(|issued| STANDARD.encode(issued.to_cose())).collect(),
            standing: standing.as_ref().map(|KeyProof { listed, ended }| StandingJson {
                listed: Object(LeafJson::of(listed)),
                ended: ended.as_ref().map(|leaf| Object(LeafJson::of(leaf))),
            }),
            anchors: [],
        }
    }

    /// Reads a bundle. Members may stand in any order; unknown, repeated or null ones are refused. Nothing is verified.
    ///
    /// # Errors
    /// `ReceiptError`.
    pub fn from_json(json: &str) -> Result<Self, ReceiptError> {
        if json.len() > Self::BYTES_MAX {
            return Err(ReceiptError::TooLarge { found: json.len(), max: Self::BYTES_MAX });
        }
        let Object(BundleJson { format: Format, receipt, submission, cose, standing, anchors: NoAnchors }) =
            serde_json::from_str(json).map_err(|fault| ReceiptError::Json { fault: fault.to_string() })?;
        Ok(Self {
            receipt: receipt.0.into(),
            submission: submission.map(|bytes| bytes.0),
            cose: cose.0,
            standing: standing.map(|Object(StandingJson { listed, ended })| KeyProof {
                listed: listed.0.into(),
                ended: ended.map(|leaf| leaf.0.into()),
            }),
        })
    }
}

/// The members, in the order in which they are written.
#[derive(Serialize)]
struct WrittenBundle<'a> {
    format: &'static str,
    receipt: Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<String>,
    cose: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<StandingJson>,
    anchors: [(); 0],
}

/// The members as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleJson {
    format: Format,
    receipt: Object<Json>,
    #[serde(default, deserialize_with = "present")]
    submission: Option<Base64>,
    cose: CoseList,
    #[serde(default, deserialize_with = "present")]
    standing: Option<Object<StandingJson>>,
    anchors: NoAnchors,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingJson {
    listed: Object<LeafJson>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    ended: Option<Object<LeafJson>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafJson {
    index: Index,
    entry: Base64,
    proof: Hashes,
}

impl LeafJson {
    fn of(leaf: &ProvenLeaf) -> Self {
        let ProvenLeaf { index, entry, proof } = leaf;
        Self { index: Index(index.get()), entry: Base64(entry.clone()), proof: Hashes(proof.clone()) }
    }
}

impl From<LeafJson> for ProvenLeaf {
    fn from(LeafJson { index, entry, proof }: LeafJson) -> Self {
        Self { index: LeafIndex::new(index.0), entry: entry.0, proof: proof.0 }
    }
}

/// Reads a member when it is there; `null` would be a second spelling of its absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// An object only: what is derived takes a list of the values in order, too, which is a second spelling.
struct Object<T>(T);

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Format;

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        match found == Bundle::FORMAT {
            true => Ok(Self),
            false => {
                let found: String = found.chars().take(80).collect();
                Err(D::Error::custom(format!("format {found:?}, this reads {:?}", Bundle::FORMAT)))
            }
        }
    }
}

struct NoAnchors;

impl<'de> Deserialize<'de> for NoAnchors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = NoAnchors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an empty list: anchors are not read here")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                match list.next_element::<serde::de::IgnoredAny>()? {
                    None => Ok(NoAnchors),
                    Some(_) => Err(A::Error::custom("anchors are not read here; the list must be empty")),
                }
            }
        }

        deserializer.deserialize_seq(List)
    }
}

struct CoseList(Vec<Issued>);

impl<'de> Deserialize<'de> for CoseList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = CoseList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {} COSE receipts in base64", Bundle::COSE_MAX)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut receipts = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    if receipts.len() == Bundle::COSE_MAX {
                        let fault = format!("more than {} COSE receipts", Bundle::COSE_MAX);
                        return Err(A::Error::custom(fault));
                    }
                    receipts.push(issued(&text).map_err(A::Error::custom)?);
                }
                Ok(CoseList(receipts))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

fn issued(text: &str) -> Result<Issued, String> {
    let most = BARE_BYTES_MAX.div_ceil(3) * 4;
    if text.len() > most {
        return Err(format!(
            "a COSE receipt of {} base64 characters, at most {most} are allowed",
            text.len()
        ));
    }
    let bytes = STANDARD.decode(text).map_err(|_| "a COSE receipt that is not padded base64".to_owned())?;
    Issued::from_cose(&bytes).map_err(|fault| fault.to_string())
}
