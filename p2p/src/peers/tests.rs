//! Every rule of dialling, keeping and shutting out, with a clock made by hand.

use super::*;

const KNOWN: [Reach; 3] = [Reach::Known; 3];

fn peers(ours: u16, now: Instant) -> Peers {
    let mut reach = KNOWN;
    reach[usize::from(ours)] = Reach::Unknown;
    Peers::new(&reach, Some(ours), &Limits::default(), now)
}

fn id(number: usize) -> ConnectionId {
    ConnectionId::new_unchecked(number)
}

#[test]
fn the_lower_index_dials_first() {
    let now = Instant::now();
    let mut middle = peers(1, now);
    assert_eq!(middle.due(now), [Deed::Dial(2)]);
    assert_eq!(middle.next_due(), Some(now + GRACE));
    assert_eq!(middle.due(now + GRACE), [Deed::Dial(0)]);
    let mut observer = Peers::new(&KNOWN, None, &Limits::default(), now);
    assert_eq!(observer.due(now), [Deed::Dial(0), Deed::Dial(1), Deed::Dial(2)]);
}

#[test]
fn nobody_is_dialled_without_an_address() {
    let now = Instant::now();
    let mut peers = Peers::new(&[Reach::Unknown; 2], Some(0), &Limits::default(), now);
    assert_eq!(peers.connected(1, id(1), now), Arrival::First);
    assert_eq!(peers.disconnected(1, id(1), now), Remaining::None);
    peers.dial_failed(1, now);
    assert_eq!(peers.next_due(), None);
}

#[test]
fn back_off_grows_to_its_cap_and_a_connection_ends_it() {
    let mut now = Instant::now();
    let mut peers = Peers::new(&[Reach::Unknown, Reach::Known], Some(0), &Limits::default(), now);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(peers.due(now), [Deed::Dial(1)]);
        peers.dial_failed(1, now);
        let next = peers.next_due().unwrap();
        waits.push(next - now);
        now = next;
    }
    assert!(waits[0] < Duration::from_millis(130) && waits[0] >= Duration::from_millis(75), "{waits:?}");
    assert!(waits[7] > Duration::from_secs(1) && waits[7] < Duration::from_secs(3), "{waits:?}");
    assert_eq!(peers.connected(1, id(1), now), Arrival::First);
    peers.lane_opened(1);
    assert_eq!(peers.next_due(), None);
    peers.disconnected(1, id(1), now);
    assert!(peers.next_due().unwrap() - now < Duration::from_millis(130));
}

#[test]
fn a_dial_that_tells_nothing_is_tried_again() {
    let now = Instant::now();
    let mut peers = Peers::new(&[Reach::Unknown, Reach::Known], Some(0), &Limits::default(), now);
    peers.due(now);
    assert!(peers.due(now + DIAL_MAX - Duration::from_millis(1)).is_empty());
    assert_eq!(peers.due(now + DIAL_MAX), [Deed::Dial(1)]);
}

#[test]
fn two_dials_at_once_are_both_kept_and_no_more() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    assert_eq!(peers.connected(1, id(1), now), Arrival::First);
    assert_eq!(peers.connected(1, id(2), now), Arrival::Beside);
    assert_eq!(peers.connected(1, id(3), now), Arrival::Replaces { close: id(1) });
    assert_eq!(peers.disconnected(1, id(1), now), Remaining::Some);
    assert_eq!(peers.disconnected(1, id(3), now), Remaining::Some);
    assert_eq!(peers.disconnected(1, id(2), now), Remaining::None);
}

#[test]
fn a_peer_that_comes_again_replaces_its_stale_connection() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    peers.connected(1, id(1), now);
    assert_eq!(peers.connected(1, id(2), now + YOUNG), Arrival::Replaces { close: id(1) });
}

#[test]
fn a_connection_without_a_consensus_lane_is_hung_up() {
    let now = Instant::now();
    let mut peers = Peers::new(&[Reach::Unknown; 2], Some(0), &Limits::default(), now);
    peers.connected(1, id(1), now);
    assert!(peers.due(now + LANELESS_MAX - Duration::from_millis(1)).is_empty());
    assert_eq!(peers.due(now + LANELESS_MAX), [Deed::HangUp(1)]);
    assert_eq!(peers.next_due(), None);

    peers.connected(1, id(2), now);
    peers.lane_opened(1);
    assert_eq!(peers.next_due(), None);
    // A further connection needs no further lane.
    peers.connected(1, id(3), now);
    assert_eq!(peers.next_due(), None);
    peers.disconnected(1, id(3), now);
    peers.lane_ended(1, now);
    assert_eq!(peers.next_due(), Some(now + LANELESS_MAX));
    peers.disconnected(1, id(1), now);
    peers.disconnected(1, id(2), now);
    peers.lane_ended(1, now);
    assert_eq!(peers.next_due(), None);

    let mut observer = Peers::new(&[Reach::Unknown; 2], None, &Limits::default(), now);
    observer.connected(1, id(1), now);
    assert_eq!(observer.next_due(), None);
}

#[test]
fn strikes_add_up_to_a_shut_out_that_doubles() {
    let mut now = Instant::now();
    let mut peers = peers(0, now);
    peers.connected(1, id(1), now);
    peers.connected(2, id(2), now);
    peers.lane_opened(2);
    let ban = Limits::default().ban;
    for expected in [ban, ban * 2, ban * 4] {
        assert_eq!(peers.strike(1, now), Verdict::Tolerate);
        assert_eq!(peers.strike(1, now), Verdict::Tolerate);
        assert_eq!(peers.strike(1, now), Verdict::ShutOut);
        peers.disconnected(1, id(1), now);
        assert_eq!(peers.next_due(), Some(now + expected));
        assert!(peers.due(now + expected - Duration::from_millis(1)).is_empty());
        now += expected;
        assert_eq!(peers.due(now)[0], Deed::LetIn(1));
        peers.due(now + Duration::from_secs(1));
        peers.connected(1, id(1), now);
    }
}

#[test]
fn strikes_far_apart_do_not_add_up() {
    let mut now = Instant::now();
    let mut peers = peers(0, now);
    for _ in 0..10 {
        assert_eq!(peers.strike(1, now), Verdict::Tolerate);
        now += STRIKE_WINDOW;
    }
}

#[test]
fn strangers_to_the_table_change_nothing() {
    let now = Instant::now();
    let mut peers = peers(0, now);
    assert_eq!(peers.connected(9, id(1), now), Arrival::First);
    assert_eq!(peers.disconnected(9, id(1), now), Remaining::Some);
    assert_eq!(peers.strike(9, now), Verdict::Tolerate);
    peers.dial_failed(9, now);
}
