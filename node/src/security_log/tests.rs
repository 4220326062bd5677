//! The security log: changed, cut, grown, killed, read.

use api::audit::{KeptNote, Notes as _, NotesPage, NotesQuery};

use super::*;

fn noted(n: u64) -> Noted {
    Noted {
        request: format!("r{n}"),
        method: "GET".to_owned(),
        target: "/v1/caller".to_owned(),
        status: 401,
        code: "unauthorized".to_owned(),
        tenant: Some("acme".to_owned()).filter(|_| !n.is_multiple_of(3)),
        subject: None,
    }
}

fn write(dir: &Path, bytes_max: u64, notes: std::ops::Range<u64>) {
    let mut log = SecurityLog::open(dir, bytes_max).unwrap();
    for n in notes {
        log.write(&noted(n), 1_000 + n).unwrap();
    }
    log.file.flush().unwrap();
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    write(dir.path(), 1 << 20, 0..3);
    // A crash left half a line.
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"00ff {\"number\":3,").unwrap();
    write(dir.path(), 1 << 20, 3..5);
    let checked = check(&path).unwrap();
    assert_eq!((checked.lines, checked.next), (5, 5));
}

#[test]
fn it_never_grows_beyond_its_bound_and_the_chain_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1_000, 0..20);
    let (old, new) = (dir.path().join(OLD_NAME), dir.path().join(FILE_NAME));
    for file in [&old, &new] {
        assert!(std::fs::metadata(file).unwrap().len() <= 1_000);
    }
    let before = check(&old).unwrap();
    let first = std::fs::read_to_string(&new).unwrap();
    assert_eq!(check_all(dir.path()).unwrap().next, 20);
    assert!(first.lines().next().unwrap().contains(&before.last.to_string()));
    assert_eq!(check(&new).unwrap().next, 20);
    // A line that is gone between the two is noticed.
    let shorter = first.split_once('\n').unwrap().1;
    std::fs::write(&new, shorter).unwrap();
    assert!(check(&new).is_ok() && check_all(dir.path()).is_err());
    // Also when nothing was written since it was turned over.
    std::fs::remove_file(&new).unwrap();
    let reopened = SecurityLog::open(dir.path(), 1_000).unwrap();
    assert_eq!((reopened.next, reopened.last), (before.next, before.last));
}

#[test]
fn whoever_changes_a_line_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    write(dir.path(), 1 << 20, 0..4);
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let without = [lines[0], lines[2], lines[3]].concat();
    let moved = [lines[0], lines[2], lines[1], lines[3]].concat();
    for spoilt in [
        whole.replacen("r0", "r7", 1),
        whole.replacen("r2", "r7", 1),
        without,
        moved,
        whole.replacen(' ', "", 1),
    ] {
        std::fs::write(&path, &spoilt).unwrap();
        assert!(matches!(check(&path), Err(SecurityLogError::Broken { .. })), "{spoilt}");
        assert!(SecurityLog::open(dir.path(), 1 << 20).is_err());
    }
}

#[test]
fn a_lost_end_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    write(dir.path(), 1 << 20, 0..4);
    // What was written since the head is not held by it, as after a kill.
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(check_all(dir.path()).unwrap().next, 4);
    drop(SecurityLog::open(dir.path(), 1 << 20).unwrap());
    let shorter = whole.lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    std::fs::write(&path, &shorter).unwrap();
    assert!(check(&path).is_ok(), "the chain alone holds");
    assert!(matches!(check_all(dir.path()), Err(SecurityLogError::Cut { number: 3, .. })));
    assert!(SecurityLog::open(dir.path(), 1 << 20).is_err());
    // Another end of the same length, with a chain of its own that holds.
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join(FILE_NAME), &shorter).unwrap();
    write(other.path(), 1 << 20, 9..10);
    std::fs::copy(other.path().join(FILE_NAME), &path).unwrap();
    assert!(check(&path).is_ok());
    assert!(matches!(check_all(dir.path()), Err(SecurityLogError::Cut { .. })));
    // All of it gone, but for the head.
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(check_all(dir.path()), Err(SecurityLogError::Cut { .. })));
    std::fs::write(dir.path().join(HEAD_NAME), "3 xyz\n").unwrap();
    assert!(matches!(check_all(dir.path()), Err(SecurityLogError::Broken { .. })));
    std::fs::remove_file(dir.path().join(HEAD_NAME)).unwrap();
    assert_eq!(check_all(dir.path()).unwrap(), Checked::default());
}

/// Lines of before that have no salt are followed by lines that have one.
#[test]
fn a_log_of_an_older_program_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut after, mut text) = (Digest::ZERO, String::new());
    for number in 0..3 {
        let kept = Kept { number, time_ms: 5, after: after.to_string(), salt: None, noted: noted(number) };
        let note = serde_json::to_string(&kept).unwrap();
        after = sha256(note.as_bytes());
        text += &format!("{after} {note}\n");
    }
    std::fs::write(dir.path().join(FILE_NAME), &text).unwrap();
    write(dir.path(), 1 << 20, 3..6);
    assert_eq!(check_all(dir.path()).unwrap().next, 6);
    let spoilt = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap().replacen("r1", "r7", 1);
    std::fs::write(dir.path().join(FILE_NAME), spoilt).unwrap();
    assert!(check_all(dir.path()).is_err());
}

fn query(before: Option<u64>, limit: usize) -> NotesQuery {
    NotesQuery { before, limit, ..NotesQuery::default() }
}

fn numbers(page: &NotesPage) -> Vec<u64> {
    page.notes.iter().map(|note| note.number).collect()
}

#[test]
fn refusals_are_read_from_the_end_while_the_log_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SecurityLog::open(dir.path(), 200_000).unwrap();
    let reading = log.reading();
    assert_eq!(reading.refusals(&query(None, 5)), Ok(NotesPage::default()));
    for n in 0..1_500 {
        let let_in = Noted { code: "ok".to_owned(), status: 200, ..noted(n) };
        let noted = if n.is_multiple_of(4) { let_in } else { noted(n) };
        log.write(&noted, 1_000 + n).unwrap();
    }
    log.file.flush().unwrap();
    // Half a line, as one meets that is being written.
    OpenOptions::new()
        .append(true)
        .open(dir.path().join(FILE_NAME))
        .unwrap()
        .write_all(b"00ff {\"number\"")
        .unwrap();
    let first_kept = {
        let old = std::fs::read(dir.path().join(OLD_NAME)).unwrap();
        chain::read(old.split(|byte| *byte == b'\n').next().unwrap()).unwrap().1.number
    };
    assert!(first_kept > 0 && first_kept < 700, "two files hold {first_kept}..1500");
    let expected: Vec<u64> = (first_kept..1_500).rev().filter(|n| !n.is_multiple_of(4)).collect();
    for limit in [1, 7, 200, 5_000] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = reading.refusals(&query(before, limit)).unwrap();
            found.extend(numbers(&page));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{limit} a page");
    }
    for before in [0, 1, first_kept, first_kept + 1, 900, 1_499, 1_500, u64::MAX] {
        let page = reading.refusals(&query(Some(before), 3)).unwrap();
        let expected: Vec<_> = expected.iter().copied().filter(|n| *n < before).take(3).collect();
        assert_eq!(numbers(&page), expected, "below {before}");
    }
    // Filters.
    let of_acme = NotesQuery { tenant: Some("acme".to_owned()), ..query(None, 5_000) };
    let found = numbers(&reading.refusals(&of_acme).unwrap());
    assert_eq!(found, expected.iter().copied().filter(|n| !n.is_multiple_of(3)).collect::<Vec<_>>());
    let timed = NotesQuery { from_ms: Some(2_400), to_ms: Some(2_410), ..query(None, 50) };
    let found = numbers(&reading.refusals(&timed).unwrap());
    assert_eq!(found, (1_400u64..1_410).rev().filter(|n| !n.is_multiple_of(4)).collect::<Vec<_>>());
    let elsewhere = NotesQuery { resource: Some("/v1/other".to_owned()), ..query(None, 5) };
    assert_eq!(reading.refusals(&elsewhere), Ok(NotesPage::default()));
}

/// Who is shown a part of the chain can follow it from note to note, over those that are not shown.
#[test]
fn the_chain_is_followed_over_what_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1 << 20, 0..40);
    let reading = SecurityLog::open(dir.path(), 1 << 20).unwrap().reading();
    let asked = NotesQuery { tenant: Some("acme".to_owned()), prove: true, ..query(None, 100) };
    let page = reading.refusals(&asked).unwrap();
    assert_eq!(page.notes.len(), 26);
    let mut newer: Option<&KeptNote> = None;
    for note in &page.notes {
        let text = note.text.as_deref().unwrap();
        let kept: Kept = serde_json::from_str(text).unwrap();
        assert_eq!(hash(&kept.after.parse().unwrap(), &sha256(text.as_bytes())), note.hash);
        if let Some(newer) = newer {
            let over = &note.behind;
            let reached = over.iter().fold(note.hash, |hash, digest| super::hash(&hash, digest));
            let kept: Kept = serde_json::from_str(newer.text.as_deref().unwrap()).unwrap();
            assert_eq!(reached.to_string(), kept.after);
            assert_eq!(over.len() as u64, newer.number - note.number - 1);
        }
        newer = Some(note);
    }
}

/// The other half of the test below: writes until it is killed.
#[test]
fn writer_to_be_killed() {
    let Some(dir) = std::env::var_os("QUORATE_TEST_LOG") else { return };
    let mut log = SecurityLog::open(Path::new(&dir), 20_000).unwrap();
    for n in log.next.. {
        log.write(&noted(n), n).unwrap();
        if n.is_multiple_of(3) {
            log.file.flush().unwrap();
        }
        if n.is_multiple_of(50) {
            log.write_head().unwrap();
        }
    }
}

#[test]
fn a_writer_that_is_killed_leaves_a_chain() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..6 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "security_log::tests::writer_to_be_killed"])
            .env("QUORATE_TEST_LOG", dir.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let checked = check_all(dir.path()).unwrap();
        assert!(checked.next >= before, "{} after {before}", checked.next);
        before = checked.next;
        for name in [FILE_NAME, OLD_NAME] {
            let bytes = std::fs::metadata(dir.path().join(name)).map_or(0, |it| it.len());
            assert!(bytes <= 20_000, "{name} has {bytes}");
        }
    }
    assert!(before > 100, "{before}");
}
