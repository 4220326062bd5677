//! A crash point as a line of text: a failing one is printed, and tried again from what was printed.
//!
//! `SCENARIO/MEMBER/DOWN_US/WITH/STRIKES`, for example `calm/2/1000/3,0/17:sent,4:before`: when member 2 has let out
//! what follows its effect 17, it loses power, 3 and 0 with it; in its next life it ends before effect 4.

use std::fmt;
use std::str::FromStr;

use sim::crash::{Crash, Mode, Strike};

use crate::journal_file::{number, numbered};
use crate::ram::Fault;

/// One point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The world's name.
    pub scenario: String,
    /// Who, when, how.
    pub crash: Crash,
}

impl Case {
    /// What its count is kept under.
    pub fn group(&self) -> String {
        let first = match self.crash.strikes.first().map(|strike| strike.mode) {
            None => "none".to_owned(),
            Some(Mode::Fault(number)) => format!("journal {}", fault_group(numbered(number).1)),
            Some(mode) => mode_text(mode),
        };
        match (self.crash.with.len(), self.crash.strikes.len()) {
            (0, 0 | 1) => first,
            (0, depth) => format!("again, depth {depth}"),
            (with, _) => format!("{} at once", with + 1),
        }
    }
}

fn fault_group(fault: Fault) -> &'static str {
    match fault {
        Fault::Eio | Fault::EioLost => "EIO",
        Fault::Full => "ENOSPC",
        Fault::Torn(_) | Fault::TornFirst | Fault::TornLast | Fault::Zeroed => "torn",
        Fault::CutBefore | Fault::CutAfter | Fault::CutAfterNamesKept => "un-synced lost",
        Fault::Killed => "killed",
    }
}

fn mode_text(mode: Mode) -> String {
    match mode {
        Mode::Before => "before".to_owned(),
        Mode::After => "after".to_owned(),
        Mode::AllDurable => "all".to_owned(),
        Mode::Sent => "sent".to_owned(),
        Mode::Partly => "partly".to_owned(),
        Mode::Full => "full".to_owned(),
        Mode::Fault(number) => {
            let (deed, fault) = numbered(number);
            format!("{deed}-{fault:?}")
        }
    }
}

fn parse_mode(text: &str) -> Option<Mode> {
    let plain =
        [Mode::Before, Mode::After, Mode::AllDurable, Mode::Sent, Mode::Partly, Mode::Full].into_iter();
    plain.clone().find(|mode| mode_text(*mode) == text).or_else(|| {
        let (deed, name) = text.split_once('-')?;
        let fault = Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name)?;
        Some(Mode::Fault(number(deed.parse().ok()?, fault)))
    })
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crash { member, strikes, with, down_us } = &self.crash;
        let with: Vec<_> = with.iter().map(u16::to_string).collect();
        let strikes: Vec<_> =
            strikes.iter().map(|it| format!("{}:{}", it.effect, mode_text(it.mode))).collect();
        write!(f, "{}/{member}/{down_us}/{}/{}", self.scenario, with.join(","), strikes.join(","))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("not a crash point: {text}");
        let parts: Vec<_> = text.split('/').collect();
        let [scenario, member, down_us, with, strikes] = parts[..] else { return Err(wrong()) };
        let list = |text: &str| text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let (with, strikes): (Vec<_>, Vec<_>) = (list(with), list(strikes));
        let strike = |text: &String| {
            let (effect, mode) = text.split_once(':')?;
            Some(Strike { effect: effect.parse().ok()?, mode: parse_mode(mode)? })
        };
        Ok(Self {
            scenario: scenario.to_owned(),
            crash: Crash {
                member: member.parse().map_err(|_| wrong())?,
                down_us: down_us.parse().map_err(|_| wrong())?,
                with: with.iter().map(|it| it.parse().ok()).collect::<Option<_>>().ok_or_else(wrong)?,
                strikes: strikes.iter().map(strike).collect::<Option<_>>().ok_or_else(wrong)?,
            },
        })
    }
}

#[test]
fn a_case_is_its_text() {
    let modes = [Mode::Before, Mode::Partly, Mode::Fault(number(7, Fault::Torn(4)))];
    let strikes = modes.into_iter().zip(3..).map(|(mode, effect)| Strike { effect, mode });
    let crash = Crash { member: 2, strikes: strikes.collect(), with: vec![3, 0], down_us: 7 };
    let case = Case { scenario: "calm".to_owned(), crash };
    assert_eq!(case.to_string(), "calm/2/7/3,0/3:before,4:partly,5:7-Torn(4)");
    assert_eq!(case.to_string().parse(), Ok(case));
    assert!("calm/2/7/3".parse::<Case>().is_err() && "calm/2/7//1:never".parse::<Case>().is_err());
}
