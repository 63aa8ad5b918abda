//! Bodies that are packed, damaged, too large, too many or too slow.

use std::io::Write;
use std::time::Duration;

use axum::http::HeaderValue;
use door::budget::Sizes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const LIMIT: usize = 1 << 20;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn check(encoding: &'static str, body: Vec<u8>) -> Result<Bytes, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    let read = read(&headers, body.into(), LIMIT, &purse(Limits::SERVER)).await;
    read.map(|body| body.bytes).map_err(|error| error.to_string())
}

#[tokio::test]
async fn packed_bodies_are_unpacked() {
    let text = b"{\"TraceIds\":[]}".to_vec();
    assert_eq!(check("gzip", gzip(&text)).await.unwrap(), text);
    assert_eq!(check("zstd", zstd::encode_all(&text[..], 1).unwrap()).await.unwrap(), text);
    assert_eq!(check("identity", text.clone()).await.unwrap(), text);
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let bomb = vec![b' '; LIMIT + 1];
    let expected = Err(format!("the body is larger than {LIMIT} bytes"));
    for (encoding, packed) in
        [("gzip", gzip(&bomb)), ("zstd", zstd::encode_all(&bomb[..], 1).unwrap()), ("identity", bomb)]
    {
        assert_eq!(check(encoding, packed).await, expected, "{encoding}");
    }
}

/// With room for one large body, some for small ones, and less for those of which the signature is not checked.
fn small() -> Limits {
    let sizes = Limits::SERVER.bodies;
    let (total_bytes, peer_bytes, room_bytes) = (LIMIT + 10_100, LIMIT, 10_000);
    let bodies =
        Sizes { total_bytes, peer_bytes, room_bytes, small_bytes: 500, peer_room_bytes: 1_000, ..sizes };
    let unchecked = Sizes { total_bytes: 6_000, peer_bytes: 4_000, room_bytes: 1_000, ..bodies };
    Limits { bodies, unchecked, ..Limits::SERVER }
}

fn purse(limits: Limits) -> Purse {
    Purse { bodies: Bodies::new(&limits), peer: IpAddr::from([192, 0, 2, 1]) }
}

#[tokio::test]
async fn a_body_takes_its_share_of_the_memory_and_gives_it_back() {
    let purse = purse(small());
    let send = async |body: Vec<u8>| read(&HeaderMap::new(), body.into(), LIMIT, &purse).await;
    let held = send(vec![b' '; 200]).await.unwrap();
    assert_eq!(purse.bodies.held_bytes(), 200);
    assert!(matches!(send(vec![b' '; LIMIT]).await, Err(BodyError::Busy(_))));
    drop(held);
    assert!(send(vec![b' '; LIMIT]).await.is_ok());
    assert_eq!(purse.bodies.held_bytes(), 0);

    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let unpacked = read(&headers, gzip(&[7; 5_000]).into(), LIMIT, &purse).await.unwrap();
    assert_eq!((unpacked.bytes.len(), purse.bodies.held_bytes()), (5_000, 5_000));
}

#[tokio::test]
async fn a_stranger_with_large_bodies_does_not_keep_out_what_is_small_or_another_s() {
    let first = purse(small());
    let other = Purse { peer: IpAddr::from([192, 0, 2, 2]), ..first.clone() };
    let send = async |purse: &Purse, bytes: usize| collect(vec![b' '; bytes].into(), LIMIT, purse).await;
    let unchecked =
        async |purse: &Purse, bytes: usize| collect_unchecked(vec![b' '; bytes].into(), LIMIT, purse).await;
    assert!(matches!(unchecked(&first, 4_001).await, Err(BodyError::TooLarge { limit: 4_000 })));
    let held = send(&first, LIMIT - 100).await.unwrap();
    assert!(matches!(send(&first, 1_000).await, Err(BodyError::Busy(text)) if text.contains("of yours")));
    assert!(matches!(send(&other, 1_000).await, Err(BodyError::Busy(_))), "only the room is left");
    for purse in [&first, &other] {
        assert!(send(purse, 400).await.is_ok() && unchecked(purse, 400).await.is_ok());
    }
    drop(held);
    let checked = unchecked(&first, 4_000).await.unwrap();
    assert_eq!(first.bodies.held_bytes(), 4_000);
    assert_eq!(first.bodies.unchecked.held_bytes(), 0, "once it is whole its signature is checked");
    drop(checked);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_cut() {
    let pace = Limits::SERVER.pace;
    let check = async |every: Duration, expected: bool| {
        let pieces = futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(every).await;
            (sent < 40).then(|| (Ok::<_, io::Error>(Bytes::from_static(&[b' '; 50_000])), sent + 1))
        });
        let begun = Instant::now();
        let read = collect(Body::from_stream(pieces), 4 << 20, &purse(Limits::SERVER)).await;
        match expected {
            true => assert_eq!(read.unwrap().bytes.len(), 2_000_000, "{every:?}"),
            false => {
                assert!(matches!(read, Err(BodyError::Slow(_))), "{every:?}");
                assert!(begun.elapsed() < pace.allows(2_000_000), "{every:?}");
            }
        }
    };
    check(Duration::from_millis(500), true).await;
    check(Duration::from_secs(1), false).await;
    check(Duration::from_secs(3_600), false).await;
}

#[tokio::test]
async fn damaged_and_unknown_encodings_are_named() {
    assert_eq!(check("gzip", b"no gzip".to_vec()).await, Err("the body is not valid gzip".to_owned()));
    let cut = gzip(&[7; 1000])[..20].to_vec();
    assert_eq!(check("gzip", cut).await, Err("the body is not valid gzip".to_owned()));
    assert!(check("br", Vec::new()).await.unwrap_err().contains("\"br\" is not supported"));
}
