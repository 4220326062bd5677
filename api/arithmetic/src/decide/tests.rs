//! A table of what holds, of what is refused; and an oracle that counts on its fingers.

use proptest::prelude::*;

use super::*;
use crate::error::limits;

fn holds(text: &str) -> Option<bool> {
    match decide(text) {
        Ok(Decided::Claim { holds, .. }) => Some(holds),
        Ok(Decided::Value(_)) | Err(_) => None,
    }
}

#[test]
fn what_holds_and_what_does_not() {
    let table = [
        ("2+2=4", true),
        ("2 + 2 == 5", false),
        ("0.1+0.2=0.3", true),
        ("1/3+1/3+1/3=1", true),
        ("-2^2=-4", true),
        ("(-2)^2=4", true),
        ("2^3^2=512", true),
        ("2**-1=0.5", true),
        ("10-4-3=3", true),
        ("24/4/2=3", true),
        ("2*3+4*5=26", true),
        ("--3=3", true),
        ("7 != 7.000", false),
        ("1/7 < 0.143", true),
        ("1/7 >= 0.143", false),
        ("6×7 ≤ 42", true),
        ("84÷2 > 41.99", true),
        ("2^64*2^64=340282366920938463463374607431768211456", true),
        ("99999999999999999999999999+1=100000000000000000000000000", true),
    ];
    for (text, truth) in table {
        assert_eq!(holds(text), Some(truth), "{text}");
    }
    assert_eq!(decide("1/3"), Ok(Decided::Value("1/3".to_owned())));
    let shown = decide("2+2=4").map(|it| match it {
        Decided::Claim { left, relation, right, holds } => format!("{left}{relation}{right} {holds}"),
        Decided::Value(value) => value,
    });
    assert_eq!(shown.as_deref(), Ok("4=4 true"));
}

#[test]
fn what_is_not_decided_says_why() {
    let nested = |depth: usize| format!("{}1{}=1", "(".repeat(depth), ")".repeat(depth));
    let huge = format!("{}=1", "9".repeat(limits::BYTES_MAX));
    let unreadable = |found: &str, at| Undecided::Unreadable { found: found.to_owned(), at };
    let table = [
        (huge.as_str(), Undecided::TooLong { found: limits::BYTES_MAX + 2 }),
        ("", unreadable("end", 1)),
        ("2+", unreadable("end", 3)),
        ("two=2", unreadable("t", 1)),
        ("1=1=1", unreadable("=", 4)),
        ("1<2<3", unreadable("<", 4)),
        ("(1=1", unreadable("=", 3)),
        ("1 2", unreadable("2", 3)),
        (".5=0.5", unreadable(".", 1)),
        ("5.=5", unreadable(".", 2)),
        ("1e3=1000", unreadable("e", 2)),
        ("1/0=1", Undecided::DivisionByZero),
        ("1/(2-2)=1", Undecided::DivisionByZero),
        ("0^-1=0", Undecided::DivisionByZero),
        ("0^0=1", Undecided::ZeroToZero),
        ("2^0.5=1.4", Undecided::Exponent),
        ("1^4097=1", Undecided::Exponent),
        ("2^99999999999999999999=1", Undecided::Exponent),
        ("9^9^9=1", Undecided::Exponent),
        ("(2^4096)^4096=1", Undecided::TooLarge),
        ("(2^4096)*(2^4096)*(2^4096)*(2^4096)*(2^4096)=1", Undecided::TooLarge),
    ];
    for (text, why) in table {
        assert_eq!(decide(text), Err(why), "{text}");
    }
    assert!(holds(&nested(limits::DEPTH_MAX)).is_some());
    assert_eq!(decide(&nested(limits::DEPTH_MAX + 1)), Err(Undecided::TooDeep));
    assert_eq!(decide(&format!("{}1=1", "-".repeat(limits::DEPTH_MAX + 1))), Err(Undecided::TooDeep));
    // As long as a text may be, and not deep at all.
    let long = format!("{}1=1", "1+".repeat(400));
    assert_eq!(holds(&long), Some(false));
}

/// An expression, and its value as a fraction of small whole numbers, if it has one.
#[derive(Clone, Debug)]
struct Sum {
    text: String,
    value: Option<(i128, i128)>,
}

fn naive(operator: char, left: &Sum, right: &Sum) -> Sum {
    let fraction = || {
        let ((a, b), (c, d)) = (left.value?, right.value?);
        let (n, m) = match operator {
            '+' => (a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?),
            '-' => (a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?, b.checked_mul(d)?),
            '*' => (a.checked_mul(c)?, b.checked_mul(d)?),
            _ => (a.checked_mul(d)?, b.checked_mul(c)?),
        };
        (m != 0 && n.abs() < 1 << 60 && m.abs() < 1 << 60).then_some((n, m))
    };
    Sum { text: format!("({} {operator} {})", left.text, right.text), value: fraction() }
}

fn sums() -> impl Strategy<Value = Sum> {
    let leaf = (0_i128..50).prop_map(|n| Sum { text: n.to_string(), value: Some((n, 1)) });
    leaf.prop_recursive(4, 24, 2, |inner| {
        (prop::sample::select(vec!['+', '-', '*', '/']), inner.clone(), inner)
            .prop_map(|(operator, left, right)| naive(operator, &left, &right))
    })
}

proptest! {
    #[test]
    fn it_agrees_with_counting(left in sums(), right in sums()) {
        let (Some((a, b)), Some((c, d))) = (left.value, right.value) else { return Ok(()) };
        let sign = b.signum() * d.signum();
        let order = (a * d * sign).cmp(&(c * b * sign));
        let relations =
            [("=", order.is_eq()), ("<", order.is_lt()), (">=", order.is_ge()), ("!=", order.is_ne())];
        for (relation, expected) in relations {
            let text = format!("{}{relation}{}", left.text, right.text);
            if text.len() <= limits::BYTES_MAX {
                prop_assert_eq!(holds(&text), Some(expected), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9+*/^().=<>! -]{0,60}|.{0,40}") {
        let _ = decide(&text);
    }
}
