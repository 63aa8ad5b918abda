//! Own times, ways and operations of a digest.

use model::{Coarse, Micros, TraceDigest};

use crate::testing::{Build, Documents, entity, url_rules};

/// Of each node and edge: name, and for each request the operation and its own time in milliseconds.
fn work(digest: &TraceDigest) -> Vec<String> {
    let tell = |request: &model::digest::Request| {
        let operation = request.operation.map_or("-", |place| &digest.operations[place as usize]);
        let own = request.own.map_or("-".to_owned(), |own| (own.micros().0 / 1_000).to_string());
        format!("{operation} {own}")
    };
    let name = |node: u32| &digest.nodes[node as usize].key.name;
    let nodes = digest.nodes.iter().map(|node| (node.key.name.clone(), &node.requests));
    let edges = digest
        .edges
        .iter()
        .map(|edge| (format!("{}>{}", name(edge.source), name(edge.target)), &edge.requests));
    let all = nodes.chain(edges).filter(|(_, requests)| !requests.is_empty());
    all.map(|(name, requests)| {
        format!("{name}: {}", requests.iter().map(tell).collect::<Vec<_>>().join(", "))
    })
    .collect()
}

/// What a time of so many milliseconds comes back as.
fn coarse(millis: u64) -> u64 {
    Coarse::of(Micros::from_millis(millis)).micros().0 / 1_000
}

fn front() -> model::Entity {
    let call = entity(2, "back.internal", 0.1, 0.9).remote().http("GET", "http://back.internal/items/4711");
    entity(1, "front", 0.0, 1.0).http("POST", "http://shop/checkout?x=1").holds(call)
}

#[test]
fn own_time_is_what_no_call_took_and_the_way_what_no_segment_took() {
    let back = entity(3, "back", 0.2, 0.7).parent(2).http("GET", "http://back/items/4711");
    let digest = Documents::default().segment(1.0, front()).segment(1.0, back).digest();
    assert_eq!(
        work(&digest),
        [
            format!("front: POST /checkout {}", coarse(200)),
            format!("back: GET /items/{{id}} {}", coarse(500)),
            "front>front: POST /checkout -".to_owned(),
            format!("front>back: GET /items/{{id}} {}", coarse(300)),
        ]
    );
}

#[test]
fn calls_side_by_side_are_waited_for_once() {
    let call = |id, from, to| entity(id, "db", from, to).aws("GetItem");
    let segment = entity(1, "front", 0.0, 1.0)
        .holds(call(2, 0.1, 0.5))
        .holds(call(3, 0.2, 0.4))
        .holds(call(4, 0.3, 0.7))
        .holds(call(5, 0.9, 1.5));
    let digest = Documents::default().segment(1.0, segment).digest();
    assert_eq!(work(&digest)[0], format!("front: - {}", coarse(300)));
}

#[test]
fn where_something_is_not_over_nothing_is_known() {
    let open = entity(1, "front", 0.0, 1.0).holds(entity(2, "back", 0.1, 0.2).remote().open());
    let digest = Documents::default().segment(1.0, open).digest();
    assert_eq!(digest.nodes.iter().find_map(|node| node.requests.first()).unwrap().own, None);
    // The callee was still at work when its caller gave up.
    let back = entity(3, "back", 0.2, 1.7).parent(2);
    let digest = Documents::default().segment(1.0, front()).segment(2.0, back).digest();
    assert_eq!(digest.edges.iter().filter_map(|edge| edge.requests[0].own).count(), 0);
    // Nobody recorded the call, so the way is not known either; the callee's time is not the caller's own.
    let back = entity(3, "back", 0.25, 0.75).parent(1);
    let digest = Documents::default().segment(1.0, entity(1, "front", 0.0, 1.0)).segment(1.0, back).digest();
    let edge = digest.edges.iter().find(|edge| digest.nodes[edge.target as usize].key.name == "back");
    assert_eq!(edge.unwrap().requests[0].own, None);
    assert_eq!(work(&digest)[0], format!("front: - {}", coarse(500)));
}

#[test]
fn the_least_delay_from_end_to_receipt_tells_of_the_clock() {
    let documents = Documents::default()
        .segment(1.5, entity(1, "front", 0.0, 1.0))
        .segment(1.2, entity(2, "front", 0.0, 1.0).parent(1))
        .segment(0.5, entity(3, "back", 0.0, 1.0).parent(1))
        .segment(9.0, entity(4, "open", 0.0, 1.0).parent(1).open());
    let digest = documents.digest();
    let delay = |name: &str| {
        let node = digest.nodes.iter().find(|node| node.key.name == name && !node.requests.is_empty());
        node.and_then(|node| node.delay_millis)
    };
    assert_eq!([delay("front"), delay("back"), delay("open")], [Some(200), Some(-500), None]);
}

#[test]
fn rules_write_what_is_asked_of_the_services_that_they_name() {
    let back = entity(3, "back", 0.2, 0.7).parent(2).http("GET", "http://back/items/4711");
    let documents = Documents::default().segment(1.0, front()).segment(1.0, back);
    let told = |rules: &[(&str, &str)]| {
        let digest = documents.digest_by(&url_rules(rules));
        let named = |&place: &u32| digest.operations[place as usize].clone();
        let requests = digest.nodes.iter().flat_map(|node| &node.requests);
        let calls = digest.edges.iter().flat_map(|edge| &edge.requests);
        let operations = requests.chain(calls).map(|request| named(&request.operation.unwrap()));
        let ruled: Vec<String> = digest.ruled.iter().map(named).collect();
        (operations.collect::<Vec<_>>(), ruled, digest.endpoint().unwrap())
    };
    let (by_looks, item, rest) = ("GET /items/{id}", "GET /items/{item}", "POST /*");
    let front = "POST /checkout";
    // The call is one of the service that answered it, whatever its host is called.
    assert_eq!(
        told(&[("back", "/items/{item}")]),
        (vec![front.into(), item.into(), front.into(), item.into()], vec![item.into()], front.into())
    );
    assert_eq!(
        told(&[("f*", "/*")]),
        (vec![rest.into(), by_looks.into(), rest.into(), by_looks.into()], vec![rest.into()], rest.into())
    );
    // As it looks, and by a rule all the same.
    let (operations, ruled, _) = told(&[("back.internal", "/*"), ("back", "/items/{id}")]);
    assert_eq!((operations[1].as_str(), ruled), (by_looks, vec![by_looks.to_owned()]));
    assert_eq!(told(&[]).1, [""; 0]);
}

#[test]
fn a_host_where_nobody_answered_is_the_service_of_a_rule() {
    let rules = url_rules(&[("back.internal", "/items/{item}")]);
    let digest = Documents::default().segment(1.0, front()).digest_by(&rules);
    let request = &digest.nodes.iter().find(|node| node.key.name == "back.internal").unwrap().requests[0];
    assert_eq!(digest.operations[request.operation.unwrap() as usize], "GET /items/{item}");
}

#[test]
fn operations_are_bounded() {
    let segment = (0..300).fold(entity(1, "front", 0.0, 1.0), |segment, id| {
        segment.holds(entity(id + 2, "db", 0.1, 0.2).aws(&format!("Operation{id}")))
    });
    assert_eq!(Documents::default().segment(1.0, segment).digest().operations.len(), 200);
}
