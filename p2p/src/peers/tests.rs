//! Every rule of dialling, keeping and shutting out, with a clock made by hand.

use std::sync::LazyLock;

use super::*;

/// Three peers in the order of their keys.
static NAMES: LazyLock<[PeerId; 3]> = LazyLock::new(|| {
    let mut names = [(); 3].map(|()| PeerId::random());
    names.sort();
    names
});

fn name(number: usize) -> PeerId {
    NAMES[number]
}

/// A table of `ours`, or of an observer, with those of `reach`.
fn table(ours: Option<usize>, reach: impl IntoIterator<Item = (usize, Reach)>, now: Instant) -> Peers {
    let us = ours.map_or(Us::Observer, |ours| Us::Validator(name(ours)));
    let mut peers = Peers::new(us, &Limits::default());
    for (other, reach) in reach {
        peers.add(name(other), reach, Before::Away, now);
    }
    peers
}

fn peers(ours: usize, now: Instant) -> Peers {
    let others = [0, 1, 2].into_iter().filter(|other| *other != ours).map(|other| (other, Reach::Known));
    table(Some(ours), others, now)
}

/// A table of 0 with 1.
fn pair(reach: Reach, now: Instant) -> Peers {
    table(Some(0), [(1, reach)], now)
}

fn id(number: usize) -> ConnectionId {
    ConnectionId::new_unchecked(number)
}

#[test]
fn the_lower_key_dials_first() {
    let now = Instant::now();
    let mut middle = peers(1, now);
    assert_eq!(middle.due(now), [Deed::Dial(name(2))]);
    assert_eq!(middle.next_due(), Some(now + GRACE));
    assert_eq!(middle.due(now + GRACE), [Deed::Dial(name(0))]);
    let mut observer = table(None, [0, 1, 2].map(|other| (other, Reach::Known)), now);
    assert_eq!(observer.due(now), [Deed::Dial(name(0)), Deed::Dial(name(1)), Deed::Dial(name(2))]);
}

#[test]
fn nobody_is_dialled_without_an_address() {
    let now = Instant::now();
    let mut peers = pair(Reach::Unknown, now);
    assert_eq!(peers.connected(&name(1), id(1), now), Arrival::First);
    assert_eq!(peers.disconnected(&name(1), id(1), now), Remaining::None);
    peers.dial_failed(&name(1), now);
    assert_eq!(peers.next_due(), None);
}

#[test]
fn back_off_grows_to_its_cap_and_a_connection_ends_it() {
    let mut now = Instant::now();
    let mut peers = pair(Reach::Known, now);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(peers.due(now), [Deed::Dial(name(1))]);
        peers.dial_failed(&name(1), now);
        let next = peers.next_due().unwrap();
        waits.push(next - now);
        now = next;
    }
    assert!(waits[0] < Duration::from_millis(130) && waits[0] >= Duration::from_millis(75), "{waits:?}");
    assert!(waits[7] > Duration::from_secs(1) && waits[7] < Duration::from_secs(3), "{waits:?}");
    assert_eq!(peers.connected(&name(1), id(1), now), Arrival::First);
    peers.lane_opened(&name(1));
    assert_eq!(peers.next_due(), None);
    peers.disconnected(&name(1), id(1), now);
    assert!(peers.next_due().unwrap() - now < Duration::from_millis(130));
}

#[test]
fn a_dial_that_tells_nothing_is_tried_again() {
    let now = Instant::now();
    let mut peers = pair(Reach::Known, now);
    peers.due(now);
    assert!(peers.due(now + DIAL_MAX - Duration::from_millis(1)).is_empty());
    assert_eq!(peers.due(now + DIAL_MAX), [Deed::Dial(name(1))]);
}

#[test]
fn two_dials_at_once_are_both_kept_and_no_more() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    assert_eq!(peers.connected(&name(1), id(1), now), Arrival::First);
    assert_eq!(peers.connected(&name(1), id(2), now), Arrival::Beside);
    assert_eq!(peers.connected(&name(1), id(3), now), Arrival::Replaces { close: id(1) });
    assert_eq!(peers.disconnected(&name(1), id(1), now), Remaining::Some);
    assert_eq!(peers.disconnected(&name(1), id(3), now), Remaining::Some);
    assert_eq!(peers.disconnected(&name(1), id(2), now), Remaining::None);
}

#[test]
fn a_peer_that_comes_again_replaces_its_stale_connection() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    peers.connected(&name(1), id(1), now);
    assert_eq!(peers.connected(&name(1), id(2), now + YOUNG), Arrival::Replaces { close: id(1) });
}

#[test]
fn a_connection_without_a_consensus_lane_is_hung_up() {
    let now = Instant::now();
    let mut peers = pair(Reach::Unknown, now);
    peers.connected(&name(1), id(1), now);
    assert!(peers.due(now + LANELESS_MAX - Duration::from_millis(1)).is_empty());
    assert_eq!(peers.due(now + LANELESS_MAX), [Deed::HangUp(name(1))]);
    assert_eq!(peers.next_due(), None);

    peers.connected(&name(1), id(2), now);
    peers.lane_opened(&name(1));
    assert_eq!(peers.next_due(), None);
    // A further connection needs no further lane.
    peers.connected(&name(1), id(3), now);
    assert_eq!(peers.next_due(), None);
    peers.disconnected(&name(1), id(3), now);
    peers.lane_ended(&name(1), now);
    assert_eq!(peers.next_due(), Some(now + LANELESS_MAX));
    peers.disconnected(&name(1), id(1), now);
    peers.disconnected(&name(1), id(2), now);
    peers.lane_ended(&name(1), now);
    assert_eq!(peers.next_due(), None);

    let mut observer = table(None, [(1, Reach::Unknown)], now);
    observer.connected(&name(1), id(1), now);
    assert_eq!(observer.next_due(), None);
}

#[test]
fn strikes_add_up_to_a_shut_out_that_doubles() {
    let mut now = Instant::now();
    let mut peers = peers(0, now);
    peers.connected(&name(1), id(1), now);
    peers.connected(&name(2), id(2), now);
    peers.lane_opened(&name(2));
    let ban = Limits::default().ban;
    for expected in [ban, ban * 2, ban * 4] {
        assert_eq!(peers.strike(&name(1), now), Verdict::Tolerate);
        assert_eq!(peers.strike(&name(1), now), Verdict::Tolerate);
        assert_eq!(peers.strike(&name(1), now), Verdict::ShutOut);
        peers.disconnected(&name(1), id(1), now);
        assert_eq!(peers.next_due(), Some(now + expected));
        assert!(peers.due(now + expected - Duration::from_millis(1)).is_empty());
        now += expected;
        assert_eq!(peers.due(now)[0], Deed::LetIn(name(1)));
        peers.due(now + Duration::from_secs(1));
        peers.connected(&name(1), id(1), now);
    }
}

#[test]
fn strikes_far_apart_do_not_add_up() {
    let mut now = Instant::now();
    let mut peers = peers(0, now);
    for _ in 0..10 {
        assert_eq!(peers.strike(&name(1), now), Verdict::Tolerate);
        now += STRIKE_WINDOW;
    }
}

#[test]
fn strangers_to_the_table_change_nothing() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    assert_eq!(peers.connected(&PeerId::random(), id(1), now), Arrival::First);
    assert_eq!(peers.disconnected(&PeerId::random(), id(1), now), Remaining::Some);
    assert_eq!(peers.strike(&PeerId::random(), now), Verdict::Tolerate);
    peers.dial_failed(&PeerId::random(), now);
}

#[test]
fn who_joins_while_connected_is_connected_anew_at_once() {
    let now = Instant::now();
    let mut peers = table(Some(1), [], now);
    peers.add(name(0), Reach::Known, Before::Connected, now);
    assert_eq!(peers.next_due(), None, "the old connection must end first");
    assert_eq!(peers.disconnected(&name(0), id(1), now), Remaining::Some, "it never was a validator's");
    assert_eq!(peers.due(now), [Deed::Dial(name(0))], "without grace");
    assert_eq!(peers.connected(&name(0), id(2), now), Arrival::First);
    peers.disconnected(&name(0), id(2), now);
    assert!(peers.due(now + GRACE).is_empty(), "a fault has its wait again");
}

#[test]
fn when_our_role_changes_every_connection_is_made_anew() {
    let now = Instant::now();
    let mut peers = table(None, [0, 2].map(|other| (other, Reach::Known)), now);
    peers.due(now);
    peers.connected(&name(0), id(1), now);
    peers.become_what(Us::Validator(name(1)));
    assert_eq!(peers.disconnected(&name(0), id(1), now), Remaining::None);
    assert_eq!(peers.due(now), [Deed::Dial(name(0))]);
    // Lanes are expected of it now.
    peers.connected(&name(0), id(2), now);
    assert_eq!(peers.next_due(), Some(now + LANELESS_MAX));
}

#[test]
fn who_stays_keeps_its_strikes_and_who_leaves_does_not() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    for name in [name(1), name(2)] {
        peers.strike(&name, now);
        peers.strike(&name, now);
    }
    assert_eq!(peers.remove(&name(2)), Gone::Welcome);
    peers.add(name(1), Reach::Known, Before::Away, now);
    peers.add(name(2), Reach::Known, Before::Away, now);
    assert_eq!(peers.strike(&name(1), now), Verdict::ShutOut);
    assert_eq!(peers.strike(&name(2), now), Verdict::Tolerate);
    assert_eq!(peers.remove(&name(1)), Gone::ShutOut);
}

#[test]
fn an_address_learned_later_is_dialled() {
    let now = Instant::now();
    let mut peers = pair(Reach::Unknown, now);
    assert_eq!(peers.next_due(), None);
    peers.reachable(&name(1), now);
    assert_eq!(peers.due(now), [Deed::Dial(name(1))]);
    peers.reachable(&name(1), now);
    assert!(peers.due(now).is_empty());
}
