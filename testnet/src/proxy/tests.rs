use std::net::Ipv4Addr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(10);

/// Two nodes of which the second says back what it hears, and a connection of the first to it.
async fn pair() -> (Proxy, TcpStream) {
    let echo = TcpListener::bind(SocketAddr::new(HOST, 0)).await.expect("a port");
    let nobody = TcpListener::bind(SocketAddr::new(HOST, 0)).await.expect("a port");
    let targets = [nobody.local_addr(), echo.local_addr()].map(|address| address.expect("bound"));
    drop(nobody);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let proxy = Proxy::start(HOST, &targets, 1).await.expect("doors");
    let stream = TcpStream::connect(proxy.address(0, 1).expect("a pair")).await.expect("connects");
    (proxy, stream)
}

async fn says(stream: &mut TcpStream, word: &[u8; 4]) {
    stream.write_all(word).await.expect("writes");
}

/// What comes within a time.
async fn hears(stream: &mut TcpStream, within: Duration) -> Option<[u8; 4]> {
    let mut word = [0; 4];
    let heard = tokio::time::timeout(within, stream.read_exact(&mut word)).await;
    heard.ok().map(|heard| heard.map(|_| word).expect("whole words"))
}

#[tokio::test]
async fn bytes_pass_both_ways_and_a_delay_is_paid_in_its_direction() {
    let (proxy, mut stream) = pair().await;
    says(&mut stream, b"once").await;
    assert_eq!(hears(&mut stream, LONG).await, Some(*b"once"));
    let slow = Way { delay: Duration::from_millis(200), ..Way::default() };
    for (from, to) in [(0, 1), (1, 0)] {
        proxy.set(from, to, slow);
        let begin = Instant::now();
        says(&mut stream, b"slow").await;
        assert_eq!(hears(&mut stream, LONG).await, Some(*b"slow"));
        assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
        proxy.set(from, to, Way::default());
    }
    assert_eq!((proxy.address(0, 0), proxy.address(0, 2), proxy.way(2, 0)), (None, None, None));
}

#[tokio::test]
async fn a_held_way_keeps_what_is_said_until_it_opens() {
    for held in [(0, 1), (1, 0)] {
        let (proxy, mut stream) = pair().await;
        proxy.set(held.0, held.1, Way { flow: Flow::Held, ..Way::default() });
        says(&mut stream, b"wait").await;
        assert_eq!(hears(&mut stream, SOON).await, None, "{held:?}");
        proxy.set(held.0, held.1, Way::default());
        assert_eq!(hears(&mut stream, LONG).await, Some(*b"wait"), "{held:?}");
    }
}

#[tokio::test]
async fn a_cut_connection_ends_and_another_may_follow() {
    let (proxy, mut stream) = pair().await;
    says(&mut stream, b"once").await;
    assert_eq!(hears(&mut stream, LONG).await, Some(*b"once"));
    proxy.cut(1, 0);
    let ended = tokio::time::timeout(LONG, stream.read(&mut [0; 1])).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)));
    let mut stream = TcpStream::connect(proxy.address(0, 1).expect("a pair")).await.expect("connects");
    says(&mut stream, b"anew").await;
    assert_eq!(hears(&mut stream, LONG).await, Some(*b"anew"));
}

#[tokio::test]
async fn who_dials_where_nobody_listens_is_turned_away() {
    let (proxy, _stream) = pair().await;
    let mut stream =
        TcpStream::connect(proxy.address(1, 0).expect("a pair")).await.expect("the door is there");
    let ended = tokio::time::timeout(LONG, stream.read(&mut [0; 1])).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[tokio::test]
async fn the_end_of_one_side_is_told_to_the_other() {
    let (_proxy, mut stream) = pair().await;
    says(&mut stream, b"last").await;
    stream.shutdown().await.expect("ends");
    assert_eq!(hears(&mut stream, LONG).await, Some(*b"last"));
    assert_eq!(stream.read(&mut [0; 1]).await.expect("an end"), 0);
}
