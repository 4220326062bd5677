//! Foreign canonical JSON: what Python prints, byte for byte, and the digests that other systems made of it.

use crypto::sha256;
use proto::canon::{DEPTH_MAX, Float, ReadError, Value, py_ascii, py_utf8, read};

fn value(json: &str) -> Value {
    read(json).expect("JSON")
}

fn utf8(json: &str) -> String {
    String::from_utf8(py_utf8::encode(&value(json))).expect("UTF-8")
}

fn ascii(json: &str) -> String {
    String::from_utf8(py_ascii::encode(&value(json))).expect("ASCII")
}

/// The proof of a session, as the QoD service writes one, and the digests it gives.
const PROOF: &str = r#"{
  "session_id": "00000000-0000-4000-8000-000000000001",
  "requested": {"intent": {"text": "café", "target_p95_latency_ms": 120, "target_jitter_ms": 25, "duration_s": 15,
    "flow_label": "demo-flow"}, "qos_profile": "QOS_BALANCED"},
  "provider_observed": {"qos_status_at_finalize": "AVAILABLE", "provider_note": "local-simulated-provider"},
  "measured_outcomes": {"samples_count": 3, "avg_p50_ms": 42.33, "avg_p95_ms": 100.0, "avg_jitter_ms": 11.0},
  "artifacts": {"runtime_artifact_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
    "runtime_artifact_relpath": "00000000-0000-4000-8000-000000000001/artifact.json"},
  "created_at": "2026-03-06T00:00:00Z"
}"#;

#[test]
fn a_proof_of_the_qod_service_has_its_digests() {
    let proof = value(PROOF);
    let canonical = py_utf8::encode(&proof);
    assert_eq!(canonical.len(), 637);
    let link = |previous: &str, json: &[u8]| sha256(&[previous.as_bytes(), b"|", json].concat()).to_string();
    let first = link("GENESIS", &canonical);
    assert_eq!(first, "85ecf568afe196db8d54cd6f04b5c2de5cb81f19538eaa69dd04b3357266fe6e");
    let second = link(&first, &canonical);
    assert_eq!(second, "c133636f25e7ad0b8d1a3fd45b7a99085b11708240bc57ac1fa617d0067877ee");
    let escaped = link("GENESIS", &py_ascii::encode(&proof));
    assert_eq!(escaped, "742fac38b2b11c225241c5eefc4f87f645c246a7344e407a0accb031dea2bcff");
}

#[test]
fn texts_are_escaped_as_python_escapes_them() {
    // From `json.dumps(s, ensure_ascii=False)` and `json.dumps(s)`.
    for (text, raw, escaped) in [
        (r#""a\/b\"\\""#, r#""a/b\"\\""#, r#""a/b\"\\""#),
        (r#""\b\f\n\r\t\u0000\u001f""#, r#""\b\f\n\r\t\u0000\u001f""#, r#""\b\f\n\r\t\u0000\u001f""#),
        ("\"~\u{7f}\"", "\"~\u{7f}\"", r#""~\u007f""#),
        ("\"é€😀\"", "\"é€😀\"", r#""\u00e9\u20ac\ud83d\ude00""#),
        (r#""\ud83d\ude00""#, "\"😀\"", r#""\ud83d\ude00""#),
        ("\"\u{2028}\"", "\"\u{2028}\"", r#""\u2028""#),
    ] {
        assert_eq!((utf8(text).as_str(), ascii(text).as_str()), (raw, escaped), "{text}");
    }
}

#[test]
fn members_stand_in_the_order_of_their_code_points() {
    // UTF-16, by which RFC 8785 sorts, has these two the other way round.
    assert_eq!(
        utf8("{\"😀\":1,\"\u{fb01}\":2,\"b\":[ ],\"a\":{ }}"),
        "{\"a\":{},\"b\":[],\"\u{fb01}\":2,\"😀\":1}"
    );
}

#[test]
fn numbers_are_written_as_python_writes_them() {
    // From `json.dumps(json.loads(s))`.
    for (json, python) in [
        ("0", "0"),
        ("-0", "0"),
        ("-17", "-17"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("0.0", "0.0"),
        ("-0.0", "-0.0"),
        ("100.0", "100.0"),
        ("1e2", "100.0"),
        ("42.33", "42.33"),
        ("42.330000000000000000001", "42.33"),
        ("0.1", "0.1"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e15", "1000000000000000.0"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("1234567890123456.7", "1234567890123456.8"),
        ("1e16", "1e+16"),
        ("12345678901234567.0", "1.2345678901234568e+16"),
        ("1e22", "1e+22"),
        ("1.5e300", "1.5e+300"),
        ("1e-4", "0.0001"),
        ("0.00012345", "0.00012345"),
        ("1e-5", "1e-05"),
        ("1.25E-7", "1.25e-07"),
        ("5e-324", "5e-324"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1e-400", "0.0"),
    ] {
        assert_eq!(utf8(json), python, "{json}");
    }
}

#[test]
fn a_decimal_is_the_float_it_names() {
    for (unscaled, places, text) in [
        (0, 2, "0.0"),
        (10_000, 2, "100.0"),
        (4_233, 2, "42.33"),
        (5, 2, "0.05"),
        (-5, 1, "-0.5"),
        (1, 5, "1e-05"),
        (999_999_999_999_999, 0, "999999999999999.0"),
        (1_767_225_600_123, 3, "1767225600.123"),
    ] {
        let decimal = Float::decimal(unscaled, places).expect("few digits");
        assert_eq!(decimal.to_string(), text);
        assert_eq!(Float::parse(text), Some(decimal), "{text}");
    }
    assert_eq!(Float::decimal(1_000_000_000_000_000, 0), None, "sixteen digits may name another double");
}

#[test]
fn a_float_is_rounded_to_even() {
    for (text, places, rounded) in [
        ("42.33", 3, Some(42_330)),
        ("0.0005", 3, Some(0)),
        ("0.0015", 3, Some(2)),
        ("0.00051", 3, Some(1)),
        ("1e-300", 3, Some(0)),
        ("60000.0", 3, Some(60_000_000)),
        ("-0.0", 3, Some(0)),
        ("-1.0", 3, None),
        ("1e300", 3, None),
        ("1e17", 3, None),
    ] {
        assert_eq!(Float::parse(text).and_then(|float| float.rounded(places)), rounded, "{text}");
    }
}

#[test]
fn what_is_not_strict_json_is_refused() {
    for json in [
        "",
        " ",
        "nul",
        "{",
        "[",
        "[1,]",
        "{\"a\"}",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\t\"",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "-",
        "NaN",
        "Infinity",
        "1 2",
        "\u{feff}1",
        "\"\\u+123\"",
    ] {
        assert!(matches!(read(json), Err(ReadError::Expected { .. })), "{json:?}: {:?}", read(json));
    }
    assert_eq!(read("{\"a\":1,\"a\":1}"), Err(ReadError::Twice { at: 7, name: "a".to_owned() }));
    for json in ["1e400", "-1e400", "170141183460469231731687303715884105728"] {
        assert_eq!(read(json), Err(ReadError::Number { at: 0 }), "{json}");
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(DEPTH_MAX + 1)).is_ok());
    assert_eq!(read(&nested(DEPTH_MAX + 2)), Err(ReadError::Depth { at: DEPTH_MAX + 1 }));
    assert!(
        matches!(read(&"[".repeat(1 << 20)), Err(ReadError::Depth { .. })),
        "and no stack is spent on it"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_brings_it_down(json: String) {
        if let Ok(value) = read(&json) {
            let text = String::from_utf8(py_utf8::encode(&value)).expect("UTF-8");
            proptest::prop_assert_eq!(read(&text), Ok(value));
        }
    }

    /// Written in either form, and read again, it is the same value.
    #[test]
    fn what_was_written_is_read_again(bits: u64, text: String, number: i128) {
        let float = f64::from_bits(bits);
        let float = Float::parse(&format!("{float:?}")).map_or(Value::Null, Value::Float);
        let value = Value::object([("f", float), ("t", text.into()), ("n", Value::Integer(number))]);
        for bytes in [py_utf8::encode(&value), py_ascii::encode(&value)] {
            proptest::prop_assert_eq!(read(&String::from_utf8(bytes).expect("UTF-8")), Ok(value.clone()));
        }
    }
}
