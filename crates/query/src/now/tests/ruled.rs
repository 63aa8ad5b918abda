//! What rules of people wrote is told as it is written, however many others there are.

use super::*;

/// As if rules had written these of the operations.
fn ruled(visit: &Visit, name: &str) -> Arc<TraceDigest> {
    let mut digest = (*visit.digest()).clone();
    let place = u32::try_from(digest.operations.len()).unwrap();
    digest.operations.push(name.to_owned());
    digest.ruled = vec![place];
    digest.root.as_mut().unwrap().endpoint = Some(place);
    for node in digest.nodes.iter_mut().filter(|node| node.key.name == "cart") {
        node.requests[0].operation = Some(place);
    }
    Arc::new(digest)
}

#[test]
fn an_entry_by_a_rule_is_no_value_of_its_neighbours() {
    let mut shop = usual();
    // Sixty words below one path are values, and would be most.
    for number in 0..70 {
        let visit = Visit::new(10_000 + number, 240.0 + f64::from(number) / 10.0).fails(Fails::Cart("Bug"));
        let mut digest = (*visit.digest()).clone();
        let name = if number < 60 { format!("GET /cart/w{number}") } else { "GET /cart/search".to_owned() };
        digest.root.as_mut().unwrap().http.url = Some(name[4..].to_owned());
        shop.give(if number < 60 { Arc::new(digest) } else { ruled(&visit, &name) });
    }
    let told = |shop: &mut Shop| shop.entries(247.5).remove(0).operation.unwrap();
    assert_eq!(told(&mut shop), "GET /cart/{id}");
    for number in 0..60 {
        let visit = Visit::new(20_000 + number, 247.0).fails(Fails::Cart("Bug"));
        shop.give(ruled(&visit, "GET /cart/search"));
    }
    assert_eq!(told(&mut shop), "GET /cart/search");
}

#[test]
fn an_operation_by_a_rule_is_told_apart_where_a_node_has_too_many() {
    let told = |by_rule: bool| {
        let mut shop = Shop::default();
        for number in 0..60 {
            let visit = Visit::new(number, f64::from(number));
            let mut digest = (*ruled(&visit, &format!("GET /items/w{number}"))).clone();
            if !by_rule {
                digest.ruled.clear();
            }
            shop.give(Arc::new(digest));
        }
        shop.ledger.settle(Timestamp::MAX);
        let of_last = shop.ledger.texts.find("GET /items/w59").unwrap();
        shop.ledger.calls.keys().any(|&(_, operation)| operation == Some(of_last))
    };
    assert_eq!([told(false), told(true)], [false, true]);
}
